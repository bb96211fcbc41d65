"""The card on the reader of every backend."""

import pytest

from backends.card_images import make_images


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Two different cards: one with two endorsements, one with none."""
    return make_images(tmp_path_factory.mktemp("cards"), (2, 0))


@pytest.fixture(scope="session")
def image(images):
    return images[0]
