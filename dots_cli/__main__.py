"""`python -m dots_cli` and the console script `dots`."""

from dots_cli.app import app


def main() -> None:
    """Run the command line and end the process with its exit code."""
    app(prog_name="dots")


if __name__ == "__main__":
    main()
