"""The limits that are stated for a signature's check hold on this machine, in units of its own."""

import pytest

from juzhu_host.cli import main
from parts import needs


@pytest.mark.nightly
@needs("node", "vm")
def test_checks_stay_within_the_stated_limits(capsys):
    code = main(["bench", "verify", "--json", "--count", "10"])
    assert code == 0, capsys.readouterr().err
