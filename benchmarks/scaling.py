"""What more threads bring: the same cases on one thread and on several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from benchmarks import measure
from benchmarks.cases import Case
from benchmarks.report import duration, table

# Those with work for more than one thread.
CASES = (
    "gemm_f32_512,gemm_f32_2048,gelu_chain_4m,cross_entropy_512x32000,adamw_10m,attention_1024*,"
    "mlp_784_512_adam,cnn_28_adam,resnet20_sgd,resnet18_sgd,lstm_lm_128_256_adam,gpt_4x192_adamw"
)


def report(
    cases: Sequence[Case],
    peers: Sequence[str],
    threads: int,
    effort: tuple[int, float],
    say: Callable[[str], None],
) -> str:
    """A table of medians on one thread and on `threads`, with the speed-up of each peer."""
    alone, together = (measure.run(peers, n, cases, effort, say)[0] for n in (1, threads))
    base, *others = peers
    rows = [["case"]]
    for peer in peers:
        rows[0] += [f"{peer}, 1 thread", f"{threads} threads", "speed-up"]
    rows[0] += [f"{base} over {peer}" for peer in others]
    for case in cases:
        one, several = (
            {peer: median(times) for peer, times in results[case.name].items()}
            for results in (alone, together)
        )
        row = [case.name]
        for peer in peers:
            known = peer in one and peer in several
            row += (
                [
                    duration(one[peer]),
                    duration(several[peer]),
                    f"{one[peer] / several[peer]:.2f}",
                ]
                if known
                else ["", "", ""]
            )
        row += [
            f"{several[peer] / several[base]:.2f}" if peer in several and base in several else ""
            for peer in others
        ]
        rows.append(row)
    return (
        f"Medians of {effort[0]} repetitions on processors of their own. The last columns: how "
        f"many times as long as {base} a peer takes, both on {threads} threads.\n\n{table(rows)}\n"
    )
