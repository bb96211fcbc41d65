"""Shared test set-up: real parts, long forms, hypothesis profiles."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from leak_watch import Watch
from parts import missing, nightly, require_all

hypothesis.settings.register_profile("sample", derandomize=True, deadline=None, max_examples=100)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("nightly" if nightly() else "sample")

# A proxy of this machine must not come between a test and the server it started on loopback.
for _name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(_name, None)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(), "leak-watch")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if nightly():
        return
    long_forms = [item for item in items if item.get_closest_marker("nightly")]
    if long_forms:
        config.hook.pytest_deselected(items=long_forms)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            absent = missing(name)
            if absent:
                pytest.skip(absent)


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if require_all() and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"JUZHU_REQUIRE_ALL=1 forbids this skip: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _forbid_skip(report)
    return report
