"""Every stage is there, and held against the limits of the machine."""

from scn_core.bench.report import bench_record, describe_bench
from scn_core.bench.stages import StageName, run_bench
from scn_core.config import TrainSettings

SETTINGS = TrainSettings(
    image_size=32, batch_size=4, epochs=1, backbone="squeezenet1_1", device="cpu", precision="fp32"
)


def test_stages_and_the_plain_loop_on_one_machine() -> None:
    stages: tuple[StageName, ...] = ("data", "model", "step", "epoch")
    result = run_bench(SETTINGS, seconds=0.001, faces=8, stages=stages, baseline=True)
    record = bench_record(result, SETTINGS)
    assert list(record["stages"]) == [*stages, "baseline"]
    for name, stage in record["stages"].items():
        assert 0 < stage["slowest"] <= stage["per_s"] <= stage["fastest"], name
        assert stage["n"] >= 5
    assert record["share_of"].keys() == record["stages"].keys() - {"data"}
    for share in record["share_of"].values():
        assert 0 < share["matrix_peak"] <= share["roofline"]
    assert record["memory_gb"]["host"] > 0.01
    told = describe_bench(record)
    assert all(name in told for name in (*record["stages"], "matrix peak", "load", "torch", "peak memory"))
