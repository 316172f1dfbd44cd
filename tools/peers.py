"""poise run against PyTorch in float64: the same names, the same conventions, and y within Poise's own promise."""

import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
import torch.nn.functional as F

POISE = sys.argv[1]
U = 2.0**-24  # of float32
random = numpy.random.default_rng(7)


def array(*shape, mean=0.0):
    return (random.standard_normal(shape) + mean).astype(numpy.float32)


def double(x):
    return torch.from_numpy(numpy.asarray(x)).double()


def normalized(name, x, operands, options, folder):
    """y of poise run NAME."""
    paths = {key: str(folder / f"{key}.npy") for key in ("x", "y", *operands)}
    numpy.save(paths["x"], x)
    command = [POISE, "run", name, paths["x"], "-o", paths["y"]]
    for key, value in operands.items():
        numpy.save(paths[key], value)
        command += ["--" + key.replace("_", "-"), paths[key]]
    subprocess.run(command + [str(option) for option in options], check=True)
    return numpy.load(paths["y"])


def within(y, reference, beta):
    """|y - ref| <= 6u (|scale (x - center)| + |shift|); 1e-12 is far more than the reference's own float64 may err."""
    shift = torch.as_tensor(beta).expand_as(reference)
    bound = 6 * U * ((reference - shift).abs() + shift.abs()) + 1e-12
    return bool(((double(y) - reference).abs() <= bound).all())


def along_channels(values, rank):
    return double(values).reshape(1, -1, *[1] * (rank - 2))


def batch_norm_training(folder):
    x, gamma, beta = array(4, 6, 5, 7, mean=3), array(6), array(6)
    mean, var = array(6), numpy.abs(array(6)) + 1
    new_mean, new_var = double(mean), double(var)
    reference = F.batch_norm(double(x), new_mean, new_var, double(gamma), double(beta), True, 0.1, 1e-5)
    operands = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    stats = folder / "stats"
    y = normalized("batch_norm", x, operands, ["--eps", 1e-5, "--momentum", 0.1, "--save-stats", stats], folder)
    # A float32 average formed in float64 is one rounding off.
    kept = all(
        numpy.allclose(numpy.load(stats / f"{key}.npy"), expected.numpy(), rtol=2 * U, atol=0)
        for key, expected in (("running_mean", new_mean), ("running_var", new_var)))
    return kept and within(y, reference, along_channels(beta, 4))


def batch_norm_evaluation(folder):
    x, gamma, beta = array(4, 6, 9), array(6), array(6)
    mean, var = array(6), numpy.abs(array(6)) + 1
    reference = F.batch_norm(double(x), double(mean), double(var), double(gamma), double(beta), False, 0.1, 1e-5)
    operands = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    y = normalized("batch_norm", x, operands, ["--mode", "evaluation"], folder)
    return within(y, reference, along_channels(beta, 3))


def layer_norm(folder):
    x, gamma, beta = array(12, 33, mean=-2), array(33), array(33)
    y = normalized("layer_norm", x, {"gamma": gamma, "beta": beta}, [], folder)
    return within(y, F.layer_norm(double(x), (33,), double(gamma), double(beta)), double(beta))


def layer_norm_over_two_axes(folder):
    x = array(3, 5, 17, mean=100)
    y = normalized("layer_norm", x, {}, ["--axes", "1,2"], folder)
    return within(y, F.layer_norm(double(x), (5, 17)), 0.0)


def group_norm(folder):
    x, gamma, beta = array(2, 12, 5, 5, mean=10), array(12), array(12)
    y = normalized("group_norm", x, {"gamma": gamma, "beta": beta}, ["--groups", 3], folder)
    return within(y, F.group_norm(double(x), 3, double(gamma), double(beta)), along_channels(beta, 4))


def instance_norm(folder):
    x = array(3, 4, 50)
    y = normalized("instance_norm", x, {}, [], folder)
    return within(y, F.instance_norm(double(x)), 0.0)


def main():
    cases = [batch_norm_training, batch_norm_evaluation, layer_norm, layer_norm_over_two_axes, group_norm, instance_norm]
    failed = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            if not case(pathlib.Path(folder)):
                failed.append(case.__name__)
    agreeing = len(cases) - len(failed)
    print(f"peers: PyTorch {torch.__version__}: {agreeing} of {len(cases)} agree" + "".join(f"; not {f}" for f in failed))
    sys.exit(1 if failed else 0)


main()
