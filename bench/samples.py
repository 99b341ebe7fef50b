"""The order of samples of a run, as SampleOrder and Batches in tensors compute it, for twins in Python."""

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(value):
    z = (value + GAMMA) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def sample(seed, samples, position):
    """The sample at a position of the run, 0 to below samples."""
    epoch, value = divmod(position, samples)
    key = mix((seed & MASK) ^ mix(epoch))
    half = max(1, ((samples - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = value >> half, value & mask
        for turn in range(6):
            left, right = right, left ^ (mix(key + turn * GAMMA + right) & mask)
        value = left << half | right
        if value < samples:
            return value


def batch(train, seed, sequence, batch, step):
    """The sequences of a step, microbatch after microbatch: [batch] lists of sequence + 1 byte values."""
    windows = (len(train) - 1) // sequence
    rows = []
    for j in range(batch):
        start = sample(seed, windows, step * batch + j) * sequence
        rows.append(list(train[start : start + sequence + 1]))
    return rows
