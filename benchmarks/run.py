"""`make bench`: the numerics against the loops of tutorials, then live figures against other ways. Fails if a demand does."""

import sys


def main():
    """Run both; the options are those of live.py. Returns whether all demands on the live figures hold."""
    import maps  # first: it asks for one thread before NumPy is loaded

    print("Numerics, in one process\n")
    maps.main()

    import live

    print("\nFrom a slider to pixels, in JupyterLab in Chromium\n", flush=True)
    return live.main()


if __name__ == "__main__":
    sys.exit(not main())
