"""The neural judge: a small transformer, pretrained once on random raw text, goes on with each selection.

The paper's own setting (continued pretraining) in miniature: every selection starts from the same parameters, takes
the same number of steps, about what it takes to see it once, and is judged by bits per byte of the held-out text.
Symbols are of a small BPE vocabulary.
"""
import jax
import jax.numpy as jnp
import numpy as np

from judge import bpe_symbols

VOCABULARY, WIDTH, LAYERS, HEADS, CONTEXT, BATCH = 1024, 96, 2, 4, 128, 8
WARMUP, RATE = 20, 2e-3
HELDOUT = 200_000                  # characters of held-out text


def initial(seed=0):
    """Random parameters: a nested dict of float arrays."""
    keys = iter(jax.random.split(jax.random.PRNGKey(seed), 2 + 4 * LAYERS))

    def normal(*shape):
        return jax.random.normal(next(keys), shape) * 0.02

    return {
        "symbols": normal(VOCABULARY, WIDTH), "positions": normal(CONTEXT, WIDTH), "scale": jnp.ones(WIDTH),
        "layers": [{"qkv": normal(WIDTH, 3 * WIDTH), "mix": normal(WIDTH, WIDTH), "up": normal(WIDTH, 4 * WIDTH),
                    "down": normal(4 * WIDTH, WIDTH), "before": jnp.ones(WIDTH), "between": jnp.ones(WIDTH)}
                   for _ in range(LAYERS)]}


def normed(x, scale):
    """x with the root of its mean square brought to `scale`."""
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6) * scale


def losses(params, block):
    """Nats of each symbol but the first, given those before it: (batch, CONTEXT) from (batch, CONTEXT + 1)."""
    x = params["symbols"][block[:, :-1]] + params["positions"]
    later = jnp.where(jnp.tril(jnp.ones((CONTEXT, CONTEXT), dtype=bool)), 0, -1e9)
    for layer in params["layers"]:
        split = (x.shape[0], CONTEXT, 3, HEADS, WIDTH // HEADS)
        q, k, v = jnp.moveaxis((normed(x, layer["before"]) @ layer["qkv"]).reshape(split), 2, 0)
        seen = jnp.einsum("bqhd,bkhd->bhqk", q, k) / (WIDTH // HEADS) ** 0.5 + later
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(seen), v).reshape(x.shape)
        x = x + mixed @ layer["mix"]
        x = x + jax.nn.relu(normed(x, layer["between"]) @ layer["up"]) @ layer["down"]
    x = normed(x, params["scale"])
    # Each right symbol's logit once more: three times as fast as picking it from all of them.
    right = (x * params["symbols"][block[:, 1:]]).sum(axis=-1)
    return jax.nn.logsumexp(x @ params["symbols"].T, axis=-1) - right


ask = jax.jit(losses)


@jax.jit
def train(params, blocks):
    """Adam over blocks of shape (steps, BATCH, CONTEXT + 1), with a short warm-up and a rate that falls to zero."""
    steps = blocks.shape[0]
    zeros = jax.tree.map(jnp.zeros_like, params)

    def step(state, at):
        params, mean, square = state
        block, i = at
        grads = jax.grad(lambda p: losses(p, block).mean())(params)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
        square = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g * g, square, grads)
        rate = RATE * jnp.minimum(1, (i + 1) / WARMUP) * (1 - i / steps)
        debiased = rate * jnp.sqrt(1 - 0.99 ** (i + 1)) / (1 - 0.9 ** (i + 1))
        params = jax.tree.map(lambda p, m, s: p - debiased * m / (jnp.sqrt(s) + 1e-8), params, mean, square)
        return (params, mean, square), None

    return jax.lax.scan(step, (params, zeros, zeros), (blocks, jnp.arange(steps)))[0][0]


def blocks(symbols, steps, seed=0):
    """`steps` batches of blocks at random from a stream of symbols, each as often as the others."""
    whole = symbols[:len(symbols) // (CONTEXT + 1) * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    rng, wanted = np.random.default_rng(seed), steps * BATCH
    order = np.concatenate([rng.permutation(len(whole)) for _ in range(-(-wanted // len(whole)))])[:wanted]
    return jnp.asarray(whole[order].reshape(steps, BATCH, CONTEXT + 1), dtype=jnp.int32)


def bits(params, symbols):
    """Bits of a stream of symbols but the ends of documents, predicted block by block."""
    count = -(-len(symbols) // (BATCH * CONTEXT))
    padded = np.zeros(count * BATCH * CONTEXT + 1, dtype=np.int32)
    padded[1:len(symbols) + 1] = symbols
    total = 0.0
    for rows in np.arange(count * BATCH).reshape(count, BATCH, 1) * CONTEXT + np.arange(CONTEXT + 1):
        block = padded[rows]
        total += float((ask(params, block) * (block[:, 1:] > 0)).sum())
    return total / np.log(2)


def start(bpe, texts, steps, path):
    """Train what all selections start from on the texts, unless `path` holds it already."""
    if not path.exists():
        params = train(initial(), blocks(bpe_symbols(bpe, texts), steps))
        part = path.with_suffix(".part.npz")
        np.savez(part, *jax.tree.leaves(params))
        part.rename(path)


class Judge:
    """One target's held-out texts, the vocabulary, and what all selections start from, as `start` wrote it."""

    def __init__(self, bpe, path, steps, heldout):
        self.bpe, self.steps = bpe, steps
        with np.load(path) as kept:
            leaves = [jnp.asarray(kept[f"arr_{i}"]) for i in range(len(kept.files))]
        self.base = jax.tree.unflatten(jax.tree.structure(initial()), leaves)
        heldout = [text for text, end in zip(heldout, np.cumsum([len(text) for text in heldout])) if end <= HELDOUT]
        self.heldout, self.bytes = bpe_symbols(bpe, heldout), sum(len(text.encode()) for text in heldout)

    def judge(self, texts, seed):
        """Bits per byte of the held-out texts after going on with the texts of a selection, in an order by the seed."""
        params = train(self.base, blocks(bpe_symbols(self.bpe, texts), self.steps, seed))
        return bits(params, self.heldout) / self.bytes
