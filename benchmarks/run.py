"""`make bench`: maps against the loops of tutorials, cells and planes against frameworks, live figures against other ways, and
the browser edition against the desktop's.

Fails if a demand does.
"""

import sys


def main():
    """Run all; the options are those of live.py. Returns whether all demands hold."""
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
    from lab import ROOT

    print("\nFrom a slider to pixels, in JupyterLab in Chromium\n", flush=True)
    fast &= live.main()
    if not (ROOT / "dist/site/index.html").is_file():
        print("\nThe same in the browser edition: not measured, for there is no dist/site; `make site` builds it")
        return fast
    import edition
    import pages

    print("\nThe same in the browser edition\n", flush=True)
    fast &= edition.main()
    print("\nA page with its own Python\n", flush=True)
    return pages.main() and fast


if __name__ == "__main__":
    sys.exit(not main())
