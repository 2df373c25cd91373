"""The neural judge: a small transformer, pretrained once on random raw text, goes on with each selection.

The paper's own setting (continued pretraining) in miniature: every selection starts from the same parameters, takes
the same number of steps, and is judged by bits per byte of the held-out text.  Symbols are of a small BPE vocabulary.
"""
import jax
import jax.numpy as jnp
import numpy as np

from judge import bpe_symbols

VOCABULARY, WIDTH, LAYERS, HEADS, CONTEXT, BATCH = 2048, 96, 2, 4, 128, 16
WARMUP, RATE = 20, 2e-3
BASE = 6                           # times as many steps before as for a selection
TARGETS = ["german", "kernel", "mathematics", "python-science", "rust"]
METHODS = ["random", "top-k", "classifier", "DSIR 2", "DSIR sqrt", "DSIR tokens T30"]
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
    causal = jnp.tril(jnp.ones((CONTEXT, CONTEXT), dtype=bool))
    for layer in params["layers"]:
        split = (x.shape[0], CONTEXT, 3, HEADS, WIDTH // HEADS)
        q, k, v = jnp.moveaxis((normed(x, layer["before"]) @ layer["qkv"]).reshape(split), 2, 0)
        seen = jnp.where(causal, jnp.einsum("bqhd,bkhd->bhqk", q, k) / (WIDTH // HEADS) ** 0.5, -1e9)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(seen), v).reshape(x.shape)
        x = x + mixed @ layer["mix"]
        x = x + jax.nn.gelu(normed(x, layer["between"]) @ layer["up"]) @ layer["down"]
    logits = normed(x, params["scale"]) @ params["symbols"].T
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), block[:, 1:, None], axis=-1)[..., 0]


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



class Judge:
    """The parameters that all selections start from, and the vocabulary."""

    def __init__(self, bpe, texts, steps):
        self.bpe, self.steps = bpe, steps
        self.base = train(initial(), blocks(bpe_symbols(bpe, texts), BASE * steps))

    def judge(self, texts, heldout):
        """Bits per byte of the held-out texts after going on with the texts of a selection."""
        heldout = [text for text, end in zip(heldout, np.cumsum([len(text) for text in heldout])) if end <= HELDOUT]
        params = train(self.base, blocks(bpe_symbols(self.bpe, texts), self.steps))
        return bits(params, bpe_symbols(self.bpe, heldout)) / sum(len(text.encode()) for text in heldout)
