"""Upstreams that break off, and servers that are killed while something comes through the cache: nobody gets a part for
the whole, and nothing partial stays.
"""

import threading
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.factories.layouts import Content, Image, image
from tests.factories.origins import Answering, body
from tests.factories.processes import Server, serve
from tests.factories.pull_through import Upstream, rule, settings_for, stopping
from tests.factories.registry import Registry
from tests.factories.waiting import wait

SIZE = 4 * 1024 * 1024


def breaking(blob: Content, after: int) -> Answering:
    """Announces the whole blob, gives so many bytes of it, and breaks off."""

    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(blob.data)))
        handler.end_headers()
        handler.wfile.write(blob.data[:after])
        handler.wfile.flush()
        handler.close_connection = True

    return answer


def going_on(blob: Content, after: int) -> Answering:
    """Breaks off after so many bytes the first time, and goes on where it is asked to."""
    times = [0]

    def answer(handler: Any) -> None:
        times[0] += 1
        wanted = handler.headers.get("Range", "")
        if times[0] == 1:
            breaking(blob, after)(handler)
        elif wanted:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            size = len(blob.data)
            body(blob.data[start:], 206, Content_Range=f"bytes {start}-{size - 1}/{size}")(handler)
        else:
            body(blob.data)(handler)

    return answer


def taken(server: Server, name: str, blob: Content) -> bytes | None:
    """All of a blob, None where there is an error."""
    try:
        answer = Registry(server).request("GET", f"/v2/{name}/blobs/{blob.digest}")
    except (urllib3.exceptions.HTTPError, OSError):
        return None
    return answer.data if answer.status == 200 else None


def spools(data: Path) -> list[Path]:
    return list((data / "uploads").iterdir())


def no_images(server: Server, name: str) -> bool:
    return not server.client().list_images(repositoryName=name)["imageIds"]


def big(seed: int) -> tuple[Image, Content]:
    made = image(seed, layers=1, size=SIZE)
    return made, made.layers[0]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_an_upstream_that_breaks_off_gives_nobody_a_part(hub: Upstream, cache: Server, share: float):
    made, layer = big(int(share * 1000))
    name = f"broken/at-{int(share * 1000)}"
    hub.put(name, made, "v1")
    hub.answer(name, f"blobs/{layer.digest}", breaking(layer, int(len(layer.data) * share)))
    registry = Registry(cache)
    assert registry.request("GET", f"/v2/hub/{name}/manifests/v1").status == 200
    assert taken(cache, f"hub/{name}", layer) is None
    wait(lambda: spools(cache.data) == [])
    assert no_images(cache, f"hub/{name}")
    hub.put(name, made, "v1")
    held = wait(lambda: whole(cache, f"hub/{name}"))
    assert held[layer.digest] == layer.data


def whole(server: Server, name: str) -> dict[str, bytes]:
    """All of an image; nothing while it cannot be had."""
    try:
        return Registry(server).pull(name, "v1")
    except (AssertionError, urllib3.exceptions.HTTPError, OSError):
        return {}


def test_where_the_line_broke_the_rest_is_asked_for(hub: Upstream, cache: Server):
    made, layer = big(2000)
    hub.put("resumed", made, "v1")
    hub.answer("resumed", f"blobs/{layer.digest}", going_on(layer, len(layer.data) // 2))
    assert Registry(cache).pull("hub/resumed", "v1")[layer.digest] == layer.data
    assert hub.asked("resumed", f"blobs/{layer.digest}") == 2


def test_bytes_of_another_digest_are_given_to_nobody_as_the_whole(hub: Upstream, cache: Server):
    made, layer = big(3000)
    hub.put("wrong", made, "v1")
    hub.answer("wrong", f"blobs/{layer.digest}", body(b"x" * len(layer.data)))
    assert Registry(cache).request("GET", "/v2/hub/wrong/manifests/v1").status == 200
    assert taken(cache, "hub/wrong", layer) is None
    wait(lambda: spools(cache.data) == [])
    assert no_images(cache, "hub/wrong")


def test_what_a_killed_server_was_bringing_leaves_nothing_and_comes_again(hub: Upstream, tmp_path: Path):
    made, layer = big(4000)
    hub.put("killed", made, "v1")
    reached, go_on = threading.Event(), threading.Event()
    hub.answer("killed", f"blobs/{layer.digest}", stopping(layer, SIZE // 2, reached, go_on))
    settings = settings_for(hub.host)
    with serve(tmp_path, environment=settings) as server:
        rule(server, "hub", hub.host)
        assert Registry(server).request("GET", "/v2/hub/killed/manifests/v1").status == 200
        assert reached.wait(20)
        wait(lambda: spools(server.data) != [])
        server.kill()
    go_on.set()
    hub.put("killed", made, "v1")
    with serve(tmp_path, environment=settings) as server:
        assert no_images(server, "hub/killed")
        wait(lambda: spools(server.data) == [], 40)
        held = wait(lambda: whole(server, "hub/killed"), 40)
        assert held[layer.digest] == layer.data
        wait(lambda: not no_images(server, "hub/killed"))


def test_a_client_that_goes_away_ends_nothing_for_others(hub: Upstream, cache: Server):
    made, layer = big(5000)
    hub.put("shared", made, "v1")
    reached, go_on = threading.Event(), threading.Event()
    hub.answer("shared", f"blobs/{layer.digest}", stopping(layer, SIZE // 2, reached, go_on))
    registry = Registry(cache)
    assert registry.request("GET", "/v2/hub/shared/manifests/v1").status == 200
    got: list[bytes | None] = []
    waiting = threading.Thread(target=lambda: got.append(taken(cache, "hub/shared", layer)))
    waiting.start()
    try:
        assert reached.wait(20)
        leave(cache, f"/v2/hub/shared/blobs/{layer.digest}")
    finally:
        go_on.set()
        waiting.join()
    assert got == [layer.data]
    assert hub.asked("shared", f"blobs/{layer.digest}") == 1


def leave(server: Server, path: str, after: int = 1024) -> None:
    """Take some bytes of an answer, and go away."""
    headers = urllib3.make_headers(basic_auth=f"AWS:{server.token()}")
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{server.base_url}{path}", headers=headers, preload_content=False)
        answer.read(after)
        answer.close()
