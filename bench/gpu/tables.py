"""The cells as Markdown tables."""

from report import table
from sample_norms import NORM_MODES
from training import MODELS


def rate(cell):
    return f"{cell['samples_per_second']:,.0f}"


def mebibytes(cell):
    return "" if cell["peak_bytes"] is None else f"{cell['peak_bytes'] / 2 ** 20:,.0f}"


def print_ceilings(bench):
    rows = []
    for cell in bench.cells("ceilings"):
        value = f"{cell['gb_per_second']:,.0f} GB/s" if "gb_per_second" in cell else f"{cell['tflop_per_second']:,.1f} TFLOP/s"
        rows.append([f"{cell['what']} {cell.get('precision', '')}".strip(), value])
    table("Ceilings (copy and triad: bytes read and written; product: 8192³)", ["what", "reached"], rows)


def print_steps(bench):
    columns = [(precision, mode) for precision in ("fp32", "tf32", "bf16") for mode in ("eager", "graph", "compile")]
    columns = [(precision, mode) for precision, mode in columns if bench.cells("steps", precision=precision, mode=mode)]
    for title, show in (("Training, samples/s (1×28×28, resnet20 3×32×32)", rate),
                        ("Peak memory of the same, MiB, the data left out", mebibytes)):
        rows = []
        for model, batch in sorted({(cell["model"], cell["batch"]) for cell in bench.cells("steps")},
                                   key=lambda key: (list(MODELS).index(key[0]), key[1])):
            found = [bench.cells("steps", model=model, batch=batch, precision=p, mode=m) for p, m in columns]
            rows.append([model, str(batch), *(show(cells[0]) if cells else "" for cells in found)])
        table(title, ["model", "batch", *(f"{precision} {mode}" for precision, mode in columns)], rows)


def print_norms(bench):
    rows = []
    plains = {"ghost": "eager", "vmap": "eager", "ghost graph": "graph"}
    for eager in sorted(bench.cells("norms", mode="eager"), key=lambda cell: (list(MODELS).index(cell["model"]), cell["batch"])):
        found = {mode: bench.cells("norms", mode=mode, model=eager["model"], batch=eager["batch"])
                 for mode in NORM_MODES}
        row = [eager["model"], str(eager["batch"])]
        for mode in NORM_MODES:
            plain = found.get(plains.get(mode))
            row.append(" · ".join([
                rate(found[mode][0]), *([f"{found[mode][0]['seconds'] / plain[0]['seconds']:.2f}"] if plain else []),
                mebibytes(found[mode][0])]) if found[mode] else "")
        rows.append(row)
    table("Per-sample gradient norms, tf32: samples/s · time of a step to one without norms · peak MiB",
          ["model", "batch", *NORM_MODES], rows)
    for cell in bench.cells("norms", mode="check"):
        worst = max(cell["differences"].items(), key=lambda item: item[1])
        print(f"\n{cell['model']}: norms agree {'' if cell['within'] else 'NOT '}within 1e-3; furthest: {worst[0]}, {worst[1]:.1e}")


def print_convs(bench):
    def show(entry):
        if "error" in entry:
            return "error"
        share = f" · {100 * entry['share']:.0f} % {entry['floor']}" if "share" in entry else ""
        return f"{1e6 * entry['seconds']:.1f} · {entry['tflop_per_second']:.1f} · {entry['gb_per_second']:,.0f}{share}"

    rows = [[cell["layer"], cell["precision"], *(show(entry) for entry in cell["passes"].values())]
            for cell in bench.cells("convs")]
    table("cuDNN's convolutions, batch 1024: µs · TFLOP/s · GB/s of the least bytes · share of the larger floor",
          ["layer", "precision", "forward", "input", "weights"], rows)


def print_rest(bench):
    for status in ("error", "not run"):
        cells = [cell for cell in bench.record["cells"] if cell["status"] == status]
        if cells:
            print(f"\n{status}:\n")
        for cell in cells:
            name = " ".join(str(value) for key, value in cell.items() if key not in ("status", "error", "took"))
            print(f"- {name}{': ' + cell['error'] if 'error' in cell else ''}")
