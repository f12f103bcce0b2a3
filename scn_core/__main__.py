"""`python -m scn_core`."""

from scn_core.cli.main import main

if __name__ == "__main__":
    main()
