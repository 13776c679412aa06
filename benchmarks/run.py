"""`make bench`: maps against the loops of tutorials, cells and planes against frameworks, live figures against other ways.

Fails if a demand does.
"""

import sys


def main():
    """Run all; the options are those of live.py. Returns whether all demands on cells and live figures hold."""
    import cells  # first: it sets what NumPy reads when it is loaded
    import maps
    import planes

    print("Maps, in one process\n")
    maps.main()
    print("\nCells, forward and backward", flush=True)
    fast = cells.main()
    print("\nPlanes\n", flush=True)
    fast &= planes.main()

    import live

    print("\nFrom a slider to pixels, in JupyterLab in Chromium\n", flush=True)
    return live.main() and fast


if __name__ == "__main__":
    sys.exit(not main())
