"""The pages of the other browser tests, which ran before this one, asked this machine for all they showed."""

from urllib.parse import urlsplit

import books


def test_nothing_asks_another_host(visit, at_work, pytestconfig):
    for path in books.paths_in([pytestconfig.getoption("notebooks").absolute()]):
        at_work(path)
    for reader in visit.readers:
        asked = [urlsplit(url) for url in reader.asked]
        assert len(asked) > 20, "no page without requests: the listener hears nothing"
        assert {url.hostname for url in asked if url.scheme not in ("data", "blob")} == {"127.0.0.1"}, reader.name
