package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.PowerSgd;
import io.murmuration.tensors.reduce.WeightedMean;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Group {@code optim}, cases {@code powersgd*}: {@code grad} and {@code residual} are {@code [step, worker, ...]},
 * {@code update} is {@code [step, ...]} and {@code factor} (Q) {@code [step, columns, rank]}, from {@code factor_init}.
 */
final class PowerSgdGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("powersgd");
    }

    /** A tensor's numbers in the vector, and in all Q together, where it has none if it is averaged as it is. */
    private record Place(String name, int at, int length, int factorAt, int columns) {}

    @Override
    public void run(GoldenCase testCase) {
        JsonNode params = testCase.params();
        int workers = params.path("workers").intValue();
        int steps = params.path("steps").intValue();
        int rank = params.path("rank").intValue();
        List<io.murmuration.tensors.optim.Tensors.Tensor> shapes = new ArrayList<>();
        List<Place> places = new ArrayList<>();
        int length = 0;
        int factors = 0;
        for (Map.Entry<String, JsonNode> entry : params.path("shapes").properties()) {
            List<Integer> shape = new ArrayList<>();
            entry.getValue().forEach(side -> shape.add(side.intValue()));
            shapes.add(new io.murmuration.tensors.optim.Tensors.Tensor(entry.getKey(), shape, true));
            int numbers = shape.stream().reduce(1, Math::multiplyExact);
            int columns = testCase.has("factor_init." + entry.getKey()) ? shape.getLast() : 0;
            places.add(new Place(entry.getKey(), length, numbers, factors, columns));
            length += numbers;
            factors += columns * rank;
        }
        float[][] updates = new float[steps][];
        float[][] residuals = new float[steps * workers][];
        float[][] q = new float[steps][];
        try (Arena arena = Arena.ofConfined()) {
            List<PowerSgd> replicas = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                PowerSgd replica = new PowerSgd(
                        arena, new io.murmuration.tensors.optim.Tensors(shapes), new PowerSgd.Settings(rank, i));
                replica.state().get(PowerSgd.FACTOR).copyFrom(start(testCase, places, rank, factors));
                replicas.add(replica);
            }
            Floats update = Floats.allocate(arena, length);
            for (int step = 0; step < steps; step++) {
                List<Floats> left = new ArrayList<>();
                List<Floats> right = new ArrayList<>();
                for (PowerSgd replica : replicas) {
                    left.add(Floats.allocate(arena, replica.leftLength()));
                    replica.left(
                            gradient(arena, testCase, places, length, step * workers + left.size() - 1),
                            1,
                            left.getLast(),
                            Workers.SERIAL);
                }
                Floats meanP = mean(arena, left);
                for (PowerSgd replica : replicas) {
                    right.add(Floats.allocate(arena, replica.rightLength()));
                    replica.right(meanP, right.getLast(), Workers.SERIAL);
                }
                Floats meanQ = mean(arena, right);
                for (int i = 0; i < workers; i++) {
                    replicas.get(i).update(meanQ, update, Workers.SERIAL);
                    replicas.get(i).commit();
                    residuals[step * workers + i] =
                            replicas.get(i).state().get(PowerSgd.RESIDUAL).toArray();
                }
                updates[step] = update.toArray();
                q[step] = replicas.getFirst().state().get(PowerSgd.FACTOR).toArray();
            }
        }
        for (Place place : places) {
            testCase.assertClose("update." + place.name, rows(updates, place));
            if (place.columns > 0) {
                testCase.assertClose("residual." + place.name, rows(residuals, place));
                float[] factor = new float[steps * place.columns * rank];
                for (int step = 0; step < steps; step++) {
                    for (int i = 0; i < place.columns * rank; i++) {
                        factor[step * place.columns * rank + i] =
                                q[step][place.factorAt + i % rank * place.columns + i / rank];
                    }
                }
                testCase.assertClose("factor." + place.name, factor);
            }
        }
    }

    /** Column by column, as the state has it. */
    private static float[] start(GoldenCase testCase, List<Place> places, int rank, int length) {
        float[] start = new float[length];
        for (Place place : places) {
            float[] given = place.columns > 0 ? testCase.floats("factor_init." + place.name) : new float[0];
            for (int i = 0; i < given.length; i++) {
                start[place.factorAt + i % rank * place.columns + i / rank] = given[i];
            }
        }
        return start;
    }

    private static Floats gradient(Arena arena, GoldenCase testCase, List<Place> places, int length, int row) {
        float[] gradient = new float[length];
        for (Place place : places) {
            System.arraycopy(
                    testCase.floats("grad." + place.name), row * place.length, gradient, place.at, place.length);
        }
        return Floats.of(arena, gradient);
    }

    private static Floats mean(Arena arena, List<Floats> messages) {
        double[] weights = new double[messages.size()];
        Arrays.fill(weights, 1);
        Floats mean = Floats.allocate(arena, messages.getFirst().length());
        WeightedMean.of(messages, weights, mean, Workers.SERIAL);
        return mean;
    }

    private static float[] rows(float[][] vectors, Place place) {
        float[] rows = new float[vectors.length * place.length];
        for (int row = 0; row < vectors.length; row++) {
            System.arraycopy(vectors[row], place.at, rows, row * place.length, place.length);
        }
        return rows;
    }
}
