"""One exact second-order meta-step of the same network on the same rows, in Warmstart and its peers.  See benchmarks/peers.

peers.py MLP_STEP FOLDER [cuda]: with cuda, Warmstart and JAX alone, on the first GPU, both in float32.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

CUDA = sys.argv[3:] == ["cuda"]
if not CUDA:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, for the children, too
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # ours is another process on the same GPU

import jax
import jax.numpy as jnp
import numpy as np
import torch

from peers_report import draw_picture, table

torch.set_num_threads(1)
jax.config.update("jax_default_matmul_precision", "highest")  # on GPUs its default is TF32
TASKS, QUERY, RATE = 64, 10, 0.1
# width, inputs, support rows, inner steps
CASES = [(64, 64, 20, 1), (64, 128, 20, 1), (128, 128, 20, 1), (256, 256, 20, 1), (512, 512, 20, 1), (1024, 1024, 20, 1),
         (64, 128, 20, 3), (256, 256, 20, 3), (256, 256, 100, 1)]
CUDA_CASES = [(width, width, 20, 1) for width in (256, 512, 1024, 2048, 4096)]


def draw(width, inputs, support):
    """Weights [out, in] and biases layer by layer, and the batch: support, support_label, query, query_label; float32."""
    random = np.random.default_rng(1)
    sizes = [(width, inputs), (width, width), (1, width)]
    weights = [(random.standard_normal(size) / size[1] ** 0.5).astype(np.float32) for size in sizes]
    biases = [np.zeros(size[0], np.float32) for size in sizes]
    batch = [random.standard_normal(size).astype(np.float32)
             for size in [(TASKS, support, inputs), (TASKS, support), (TASKS, QUERY, inputs), (TASKS, QUERY)]]
    return weights, biases, batch


def median_seconds(step, budget=6.0):
    """Of at least 3 and at most 30 repeats after two that do not count."""
    step()
    start = time.perf_counter()
    step()
    repeats = int(min(30, max(3, budget / (time.perf_counter() - start))))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[repeats // 2]


# Each peer: (weights, biases, batch, inner steps) -> a function that returns the gradients, weights' first.


def jax_vmap_jit(weights, biases, batch, steps):
    def predict(parameters, x):
        weights, biases = parameters
        for i, (w, b) in enumerate(zip(weights, biases)):
            x = x @ w.T + b
            if i + 1 < len(weights):
                x = jnp.maximum(x, 0)
        return x[..., 0]

    def loss(parameters, x, y):
        return jnp.mean((predict(parameters, x) - y) ** 2)

    def of_task(parameters, x, y, query, label):
        for _ in range(steps):
            gradients = jax.grad(loss)(parameters, x, y)
            parameters = jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients)
        return loss(parameters, query, label)

    def meta_loss(parameters, *batch):
        return jnp.mean(jax.vmap(of_task, (None, 0, 0, 0, 0))(parameters, *batch))

    step = jax.jit(jax.grad(meta_loss))
    parameters = ([jnp.array(w) for w in weights], [jnp.array(b) for b in biases])
    batch = [jnp.array(part) for part in batch]

    def run():
        of_weights, of_biases = jax.block_until_ready(step(parameters, *batch))
        return [*of_weights, *of_biases]

    return run


def torch_leaves(weights, biases):
    return [torch.tensor(value, requires_grad=True) for value in [*weights, *biases]]


def torch_predict(parameters, x):
    layers = len(parameters) // 2
    for i in range(layers):
        x = torch.nn.functional.linear(x, parameters[i], parameters[layers + i])
        if i + 1 < layers:
            x = torch.relu(x)
    return x.squeeze(-1)


def torch_func_vmap(weights, biases, batch, steps):
    def loss(parameters, x, y):
        return ((torch_predict(parameters, x) - y) ** 2).mean()

    def of_task(parameters, x, y, query, label):
        for _ in range(steps):
            gradients = torch.func.grad(loss)(parameters, x, y)
            parameters = [p - RATE * g for p, g in zip(parameters, gradients)]
        return loss(parameters, query, label)

    def meta_loss(parameters, *batch):
        return torch.func.vmap(of_task, (None, 0, 0, 0, 0))(parameters, *batch).mean()

    parameters = [leaf.detach() for leaf in torch_leaves(weights, biases)]
    batch = [torch.tensor(part) for part in batch]
    return lambda: torch.func.grad(meta_loss)(parameters, *batch)


def batched_fast_weights(weights, biases, batch, steps):
    leaves = torch_leaves(weights, biases)
    x, y, query, label = [torch.tensor(part) for part in batch]

    def predict(parameters, x):
        layers = len(parameters) // 2
        for i in range(layers):
            x = torch.baddbmm(parameters[layers + i].unsqueeze(1), x, parameters[i].transpose(1, 2))
            if i + 1 < layers:
                x = torch.relu(x)
        return x.squeeze(-1)

    def run():
        parameters = [leaf.unsqueeze(0).expand(TASKS, *leaf.shape) for leaf in leaves]
        for _ in range(steps):
            loss = ((predict(parameters, x) - y) ** 2).mean(1).sum()
            gradients = torch.autograd.grad(loss, parameters, create_graph=True)
            parameters = [p - RATE * g for p, g in zip(parameters, gradients)]
        return torch.autograd.grad(((predict(parameters, query) - label) ** 2).mean(), leaves)

    return run


def clone_and_adapt(weights, biases, batch, steps):
    """learn2learn's MAML loop: its package does not build on Python 3.11."""
    leaves = torch_leaves(weights, biases)
    batch = [torch.tensor(part) for part in batch]

    def run():
        total = 0.0
        for x, y, query, label in zip(*batch):
            parameters = [leaf.clone() for leaf in leaves]
            for _ in range(steps):
                loss = ((torch_predict(parameters, x) - y) ** 2).mean()
                gradients = torch.autograd.grad(loss, parameters, create_graph=True)
                parameters = [p - RATE * g for p, g in zip(parameters, gradients)]
            total = total + ((torch_predict(parameters, query) - label) ** 2).mean() / TASKS
        return torch.autograd.grad(total, leaves)

    return run


def torch_module(weights, biases):
    layers = []
    for i, (w, b) in enumerate(zip(weights, biases)):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
        layers += [layer, torch.nn.ReLU()] if i + 1 < len(weights) else [layer]
    return torch.nn.Sequential(*layers)


def gradients_of(net):
    layers = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    return [layer.weight.grad for layer in layers] + [layer.bias.grad for layer in layers]


def higher_loop(weights, biases, batch, steps):
    import higher

    net = torch_module(weights, biases)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    batch = [torch.tensor(part) for part in batch]

    def run():
        net.zero_grad()
        for x, y, query, label in zip(*batch):
            with higher.innerloop_ctx(net, optimizer, copy_initial_weights=False) as (adapted, inner):
                for _ in range(steps):
                    inner.step(((adapted(x).squeeze(-1) - y) ** 2).mean())
                (((adapted(query).squeeze(-1) - label) ** 2).mean() / TASKS).backward()
        return gradients_of(net)

    return run


def torchopt_loop(weights, biases, batch, steps):
    import torchopt

    net = torch_module(weights, biases)
    inner = torchopt.MetaSGD(net, lr=RATE)
    batch = [torch.tensor(part) for part in batch]
    start, inner_start = torchopt.extract_state_dict(net), torchopt.extract_state_dict(inner)
    leaves = None

    def run():
        nonlocal leaves
        torchopt.recover_state_dict(net, start)
        layers = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
        leaves = [layer.weight for layer in layers] + [layer.bias for layer in layers]
        total = 0.0
        for x, y, query, label in zip(*batch):
            torchopt.recover_state_dict(net, start)
            torchopt.recover_state_dict(inner, inner_start)
            for _ in range(steps):
                inner.step(((net(x).squeeze(-1) - y) ** 2).mean())
            total = total + ((net(query).squeeze(-1) - label) ** 2).mean() / TASKS
        return torch.autograd.grad(total, leaves)

    return run


PEERS = {
    "jax": (jax_vmap_jit, jax.__version__),
    "torch.func": (torch_func_vmap, torch.__version__),
    "fast weights": (batched_fast_weights, torch.__version__),
    "clone and adapt": (clone_and_adapt, torch.__version__),
    "higher": (higher_loop, "0.2.1"),
    "torchopt": (torchopt_loop, "0.7.3"),
}
if CUDA:
    PEERS = {"jax": PEERS["jax"]}


def flat(gradients):
    return np.concatenate([np.asarray(part.detach() if torch.is_tensor(part) else part).ravel() for part in gradients])


def time_warmstart(program, weights, biases, batch, steps):
    """Its gradient, and {"seconds", "plain_seconds"}."""
    names = ["support", "support_label", "query", "query_label"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "shape").write_text(f"{TASKS} {batch[0].shape[1]} {QUERY} {weights[0].shape[1]} {weights[0].shape[0]}")
        for i, (w, b) in enumerate(zip(weights, biases)):
            w.tofile(folder / f"weight{i}")
            b.tofile(folder / f"bias{i}")
        for name, part in zip(names, batch):
            part.tofile(folder / name)
        out = subprocess.run([program, folder, str(steps), str(RATE), "15", *sys.argv[3:]], check=True, capture_output=True, text=True).stdout
        return np.fromfile(folder / "gradient", np.float32), json.loads(out)


def measure(program, width, inputs, support, steps):
    weights, biases, batch = draw(width, inputs, support)
    gradient, times = time_warmstart(program, weights, biases, batch, steps)
    entry = {"width": width, "inputs": inputs, "tasks": TASKS, "support": support, "query": QUERY, "inner_steps": steps}
    results = [{**entry, "name": "plain", "version": torch.__version__, "seconds": times["plain_seconds"]},
               {**entry, "name": "warmstart", "version": "0.1.0", "seconds": times["seconds"]}]
    for name, (make, version) in PEERS.items():
        step = make(weights, biases, batch, steps)
        difference = np.abs(flat(step()) - gradient).max() / np.abs(gradient).max()
        if not difference < 1e-3:
            sys.exit(f"{name}: its gradient differs from Warmstart's by {difference:.1e} at {entry}")
        results.append({**entry, "name": name, "version": version, "seconds": median_seconds(step)})
    return results


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for case in CUDA_CASES if CUDA else CASES:
        cases.append(measure(program, *case))
        print(table(cases[-1:]).splitlines()[-1], flush=True)
    (folder / "peers.json").write_text(json.dumps([result for case in cases for result in case], indent=1))
    (folder / "peers.md").write_text(table(cases))
    if not CUDA:
        draw_picture(cases, folder / "peers.svg")
    print(table(cases))


if __name__ == "__main__":
    main()
