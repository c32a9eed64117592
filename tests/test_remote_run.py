"""A whole run over an object store: a server on loopback, JSONL and Parquet read in ranges, two workers on Ray."""

from __future__ import annotations

import laws
import pytest

import corpus_kit
from corpus_kit import storage


@pytest.fixture
def bucket(monkeypatch):
    server_module = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    client.create_bucket(Bucket="corpus")
    storage._s3.cache_clear()
    yield client
    storage._s3.cache_clear()
    server.stop()


@pytest.mark.ray
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_over_an_object_store_gives_what_a_run_over_files_gives(bucket, tmp_path, workers):
    corpus = laws.make_corpus(tmp_path / "corpus", documents=80)
    lines = ["sources:"]
    for name in ("posts", "rows", "pages"):
        lines.append(f"  {name}: {{paths: ['s3://corpus/{name}'], card: corpus/{name}/source.yaml}}")
        for path in (corpus / name).iterdir():
            bucket.upload_file(str(path), "corpus", f"{name}/{path.name}")
    (tmp_path / "sources.yaml").write_text("\n".join(lines))
    recipe = corpus_kit.parse_recipe(laws.RECIPE)
    remote = corpus_kit.resolve_inputs([], sources_file=tmp_path / "sources.yaml")
    there = corpus_kit.run(recipe, remote, tmp_path / "there", workers=workers)
    here = laws.run(corpus, tmp_path / "here")
    ours, theirs = laws.tree(here.path), laws.tree(there.path)
    ours.pop("plan.json"), theirs.pop("plan.json")  # says where the input was
    assert ours == theirs


def test_an_empty_prefix_and_an_absent_bucket_are_named(bucket, tmp_path):
    (tmp_path / "source.yaml").write_text("id: t1\ntitle: t\nsummary: s\ncategory: web\nrights: {spdx: CC0-1.0}\n")
    (tmp_path / "sources.yaml").write_text("sources:\n  t1: {paths: ['s3://nowhere/x'], card: source.yaml}\n")
    (tmp_path / "r.yaml").write_text("recipe: 1\nstages: [normalize]\n")
    line = ["plan", tmp_path / "r.yaml", "--sources", tmp_path / "sources.yaml"]
    done = laws.command(*line)
    assert done.returncode == 2
    assert "s3://nowhere/x" in done.stderr
    assert "Traceback" not in done.stderr
