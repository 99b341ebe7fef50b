package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.DctTopK;
import io.murmuration.tensors.codec.EncodedTensor;
import io.murmuration.tensors.codec.ErrorFeedback;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.DeMo;
import io.murmuration.tensors.optim.Tensors;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Group {@code demo}, cases with gradients: {@code grads} is {@code [step, worker, ...]}, and so are {@code idx},
 * {@code val} and {@code delta}; {@code decoded}, {@code sign_plus1} and {@code param} are {@code [step, ...]}.
 */
final class DemoGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("demo") && testCase.path("params").has("compression_decay");
    }

    @Override
    public void run(GoldenCase testCase) {
        JsonNode params = testCase.params();
        try (Arena arena = Arena.ofConfined()) {
            Run run = new Run(arena, testCase);
            float[] rates = testCase.has("lr") ? testCase.floats("lr") : new float[0];
            for (int step = 0; step < run.steps; step++) {
                JsonNode rate = params.path("lr").path(step);
                run.step(step, rate.isNumber() ? rate.doubleValue() : rates[step]);
            }
            run.check();
        }
    }

    /** All workers of a case, step by step, and what they did. */
    private static final class Run {
        private final GoldenCase testCase;
        private final int steps;
        private final int length;
        private final DctTopK codec;
        private final List<DeMo> workers = new ArrayList<>();
        private final Floats parameters;
        private final Floats gradient;
        private final Floats update;
        private final float[] grads;
        private final List<int[]> indices = new ArrayList<>();
        private final List<float[]> values = new ArrayList<>();
        private final List<float[]> deltas = new ArrayList<>();
        private final List<float[]> decoded = new ArrayList<>();
        private final List<float[]> parametersAfter = new ArrayList<>();

        Run(Arena arena, GoldenCase testCase) {
            this.testCase = testCase;
            JsonNode params = testCase.params();
            List<Integer> shape =
                    Arrays.stream(testCase.shape("param_init")).boxed().toList();
            int chunk = params.path("chunk").intValue();
            int topK = params.path("topk").intValue();
            this.codec = DctTopK.of(shape, chunk, topK, false);
            this.grads = testCase.floats("grads");
            this.steps = testCase.shape("grads")[0];
            this.parameters = Floats.of(arena, testCase.floats("param_init"));
            this.length = (int) parameters.length();
            this.gradient = Floats.allocate(arena, length);
            this.update = Floats.allocate(arena, length);
            DeMo.Settings settings = new DeMo.Settings(
                    params.path("compression_decay").doubleValue(),
                    chunk,
                    topK,
                    params.path("weight_decay").doubleValue());
            Tensors tensors = new Tensors(List.of(new Tensors.Tensor("p", shape, true)));
            for (int worker = 0; worker < testCase.shape("grads")[1]; worker++) {
                workers.add(new DeMo(arena, tensors, settings));
            }
        }

        void step(int step, double rate) {
            List<ByteBuffer> contributions = new ArrayList<>();
            for (DeMo worker : workers) {
                int from = (step * workers.size() + contributions.size()) * length;
                gradient.copyFrom(Arrays.copyOfRange(grads, from, from + length));
                ByteBuffer bytes = ByteBuffer.allocate((int) worker.momentum().encodedSize());
                worker.contribute(gradient, 1, rate, bytes, Workers.SERIAL);
                worker.momentum().commit();
                contributions.add(bytes.flip());
                read(bytes);
                deltas.add(worker.momentum().state().get(ErrorFeedback.RESIDUAL).toArray());
            }
            DeMo any = workers.getLast();
            any.combine(contributions, update, Workers.SERIAL);
            decoded.add(update.toArray());
            any.apply(parameters, update, rate, Workers.SERIAL);
            parametersAfter.add(parameters.toArray());
        }

        /** By the letter of docs/wire-format.md: per chunk k slots of so many bits, then k values. */
        private void read(ByteBuffer bytes) {
            int slots = codec.height() * codec.width();
            int bits = Math.max(1, Integer.toBinaryString(slots - 1).length());
            int header =
                    EncodedTensor.peek(bytes, new EncodedTensor.Limits(length)).headerBytes();
            ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(header);
            for (int chunk = 0; chunk < length / slots; chunk++) {
                byte[] packed = new byte[(codec.k() * bits + 7) / 8];
                in.get(packed);
                int[] selected = new int[codec.k()];
                for (int bit = 0; bit < codec.k() * bits; bit++) {
                    selected[bit / bits] |= (packed[bit / 8] >> bit % 8 & 1) << bit % bits;
                }
                indices.add(selected);
                float[] own = new float[codec.k()];
                for (int i = 0; i < own.length; i++) {
                    own[i] = in.getFloat();
                }
                values.add(own);
            }
        }

        /** A tensor {@code NAME} has all steps, {@code NAME.stepN} the N-th, from 1. */
        void check() {
            for (String tensor : testCase.expected()) {
                String[] parts = tensor.split("\\.step", 2);
                int from = parts.length == 1 ? 0 : Integer.parseInt(parts[1]) - 1;
                int to = parts.length == 1 ? steps : from + 1;
                switch (parts[0]) {
                    case "idx" ->
                        testCase.assertIds(
                                tensor,
                                ofSteps(indices, from, to).stream()
                                        .flatMapToInt(Arrays::stream)
                                        .toArray());
                    case "val" -> testCase.assertClose(tensor, joined(ofSteps(values, from, to)));
                    case "delta" -> testCase.assertClose(tensor, joined(ofSteps(deltas, from, to)));
                    case "decoded" -> testCase.assertClose(tensor, joined(ofSteps(decoded, from, to)));
                    case "param" -> testCase.assertClose(tensor, joined(ofSteps(parametersAfter, from, to)));
                    case "sign_plus1" -> testCase.assertBytes(tensor, signs(joined(ofSteps(decoded, from, to))));
                    default -> {} // reported by the runner as not compared
                }
            }
        }

        private <T> List<T> ofSteps(List<T> all, int from, int to) {
            int perStep = all.size() / steps;
            return all.subList(from * perStep, to * perStep);
        }

        private static byte[] signs(float[] updates) {
            byte[] signs = new byte[updates.length];
            for (int i = 0; i < signs.length; i++) {
                signs[i] = (byte) (Math.signum(updates[i]) + 1);
            }
            return signs;
        }

        private static float[] joined(List<float[]> arrays) {
            int total = arrays.stream().mapToInt(array -> array.length).sum();
            float[] joined = new float[total];
            int at = 0;
            for (float[] array : arrays) {
                System.arraycopy(array, 0, joined, at, array.length);
                at += array.length;
            }
            return joined;
        }
    }
}
