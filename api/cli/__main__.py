"""`python -m api.cli`: the same as `concord`."""

from api.cli.app import main

main()
