package io.murmuration.tensors.compute;

/** Attention of the reference backend: one query row after the other, keys in ascending order. */
final class JavaAttention {

    private JavaAttention() {}

    static void forward(AttentionShape shape, Floats qkv, Floats probabilities, Floats out) {
        float scale = scale(shape);
        for (int sequence = 0; sequence < shape.sequences(); sequence++) {
            for (int head = 0; head < shape.heads(); head++) {
                for (int position = 0; position < shape.length(); position++) {
                    long query = row(shape, sequence, position) + (long) head * shape.headDim();
                    long scores = scores(shape, sequence, head, position);
                    for (int other = 0; other <= position; other++) {
                        long key = row(shape, sequence, other) + keyHead(shape, head);
                        float score = 0;
                        for (int i = 0; i < shape.headDim(); i++) {
                            score += qkv.get(query + i) * qkv.get(key + i);
                        }
                        probabilities.set(scores + other, scale * score);
                    }
                    softmax(probabilities, scores, position + 1);
                    long result = outRow(shape, sequence, position, head);
                    for (int i = 0; i < shape.headDim(); i++) {
                        float sum = 0;
                        for (int other = 0; other <= position; other++) {
                            long value = row(shape, sequence, other) + valueHead(shape, head);
                            sum += probabilities.get(scores + other) * qkv.get(value + i);
                        }
                        out.set(result + i, sum);
                    }
                }
            }
        }
    }

    private static void softmax(Floats row, long start, int count) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            maximum = Math.max(maximum, row.get(start + i));
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double power = StrictMath.exp((double) row.get(start + i) - maximum);
            row.set(start + i, (float) power);
            sum += power;
        }
        float inverse = (float) (1 / sum);
        for (int i = 0; i < count; i++) {
            row.set(start + i, row.get(start + i) * inverse);
        }
    }

    static void backward(AttentionShape shape, Floats qkv, Floats probabilities, Floats gradOut, Floats gradQkv) {
        gradQkv.slice(0, (long) shape.tokens() * shape.rowWidth()).clear();
        for (int sequence = 0; sequence < shape.sequences(); sequence++) {
            for (int head = 0; head < shape.heads(); head++) {
                for (int position = 0; position < shape.length(); position++) {
                    backwardRow(shape, sequence, head, position, qkv, probabilities, gradOut, gradQkv);
                }
            }
        }
    }

    private static void backwardRow(
            AttentionShape shape,
            int sequence,
            int head,
            int position,
            Floats qkv,
            Floats probabilities,
            Floats gradOut,
            Floats gradQkv) {
        float scale = scale(shape);
        long query = row(shape, sequence, position) + (long) head * shape.headDim();
        long scores = scores(shape, sequence, head, position);
        long result = outRow(shape, sequence, position, head);
        float[] gradProbabilities = new float[position + 1];
        double projection = 0;
        for (int other = 0; other <= position; other++) {
            long value = row(shape, sequence, other) + valueHead(shape, head);
            float probability = probabilities.get(scores + other);
            float gradient = 0;
            for (int i = 0; i < shape.headDim(); i++) {
                gradient += gradOut.get(result + i) * qkv.get(value + i);
                gradQkv.set(value + i, gradQkv.get(value + i) + probability * gradOut.get(result + i));
            }
            gradProbabilities[other] = gradient;
            projection += (double) probability * gradient;
        }
        for (int other = 0; other <= position; other++) {
            long key = row(shape, sequence, other) + keyHead(shape, head);
            float gradient =
                    scale * probabilities.get(scores + other) * (gradProbabilities[other] - (float) projection);
            for (int i = 0; i < shape.headDim(); i++) {
                gradQkv.set(query + i, gradQkv.get(query + i) + gradient * qkv.get(key + i));
                gradQkv.set(key + i, gradQkv.get(key + i) + gradient * qkv.get(query + i));
            }
        }
    }

    private static float scale(AttentionShape shape) {
        return (float) (1 / Math.sqrt(shape.headDim()));
    }

    private static long row(AttentionShape shape, int sequence, int position) {
        return ((long) sequence * shape.length() + position) * shape.rowWidth();
    }

    private static long outRow(AttentionShape shape, int sequence, int position, int head) {
        return ((long) sequence * shape.length() + position) * shape.dim() + (long) head * shape.headDim();
    }

    private static long scores(AttentionShape shape, int sequence, int head, int position) {
        return (((long) sequence * shape.heads() + head) * shape.length() + position) * shape.length();
    }

    private static long keyHead(AttentionShape shape, int head) {
        return shape.keyOffset() + (long) (head / shape.group()) * shape.headDim();
    }

    private static long valueHead(AttentionShape shape, int head) {
        return shape.valueOffset() + (long) (head / shape.group()) * shape.headDim();
    }
}
