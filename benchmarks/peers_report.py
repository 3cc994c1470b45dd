"""What benchmarks/peers.py has measured, as a table and as a picture."""


def table(cases):
    names = [result["name"] for result in cases[0]]
    lines = ["| width, inputs, support, K | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for case in cases:
        first, ours = case[0], case[1]["seconds"]
        cells = [f"{result['seconds'] * 1e3:.1f} ms ({result['seconds'] / ours:.2f})" for result in case]
        lines.append(f"| {first['width']}, {first['inputs']}, {first['support']}, {first['inner_steps']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw_picture(cases, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cases = [case for case in cases if case[0]["inner_steps"] == 1 and case[0]["support"] == 20 and case[0]["width"] == case[0]["inputs"]]
    figure, axes = plt.subplots(figsize=(7, 4))
    for i, name in enumerate(result["name"] for result in cases[0]):
        axes.plot([case[0]["width"] for case in cases], [case[i]["seconds"] * 1e3 for case in cases], marker="o", label=name,
                  linewidth=3 if name == "warmstart" else 1.2)
    axes.set(xscale="log", yscale="log", xlabel="width of the network", ylabel="ms a step", title="Exact second-order meta-step, one core")
    axes.set_xticks([case[0]["width"] for case in cases], [str(case[0]["width"]) for case in cases])
    axes.minorticks_off()
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
