package io.murmuration.tensors.compute;

/**
 * Axes of one attention call. A row of {@code qkv} holds all query heads, then all key heads, then all value heads.
 *
 * @param sequences independent sequences; tokens of one do not see another's
 * @param length tokens per sequence
 * @param heads query heads
 * @param kvHeads key and value heads, divides {@code heads}
 * @param headDim width of a head
 */
public record AttentionShape(int sequences, int length, int heads, int kvHeads, int headDim) {

    /** Query rows done at once: what lies beyond the block's last row is masked for all of them and never computed. */
    static final int QUERY_BLOCK = 64;

    public int tokens() {
        return sequences * length;
    }

    /** Query width. */
    public int dim() {
        return heads * headDim;
    }

    public int keyOffset() {
        return dim();
    }

    public int valueOffset() {
        return dim() + kvHeads * headDim;
    }

    /** Numbers in a row of {@code qkv}. */
    public int rowWidth() {
        return dim() + 2 * kvHeads * headDim;
    }

    /** Query heads that share a KV head. */
    public int group() {
        return heads / kvHeads;
    }

    /** Numbers of one {@code [sequences, heads, length, length]} tensor. */
    public long probabilities() {
        return (long) sequences * heads * length * length;
    }

    /** Numbers of scratch in the backward pass: one block of query rows against all keys. */
    public long scratch() {
        return (long) Math.min(length, QUERY_BLOCK) * length;
    }
}
