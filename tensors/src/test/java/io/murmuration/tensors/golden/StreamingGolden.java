package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.Fragment;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.Sgd;
import io.murmuration.tensors.optim.StreamingDiLoCo;
import io.murmuration.tensors.reduce.WeightedMean;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Group {@code optim}, cases {@code streaming*}: after every inner step all replicas' parameters, the last agreed copy, and
 * the order of events.
 */
final class StreamingGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("streaming");
    }

    /** A replica: its parameters, its inner optimiser and its own copy of the outer one. */
    private record Replica(Floats parameters, InnerOptimiser inner, StreamingDiLoCo outer) {}

    @Override
    public void run(GoldenCase testCase) {
        JsonNode params = testCase.params();
        int workers = params.path("workers").intValue();
        int steps = params.path("steps").intValue();
        double rate = params.path("inner").path("lr").doubleValue();
        var settings = new StreamingDiLoCo.Settings(
                params.path("tau").intValue(), params.path("alpha").doubleValue(), DiLoCoGolden.outer(params));
        Tensors tensors = new Tensors(testCase, "param_init");
        List<Fragment> fragments = fragments(params, tensors);
        float[][] gradients = tensors.rows("grad");
        float[][] locals = new float[steps * workers][];
        float[][] globals = new float[steps][];
        List<String> events = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            Floats start = Floats.of(arena, tensors.rows("param_init")[0]);
            List<Replica> replicas = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                replicas.add(new Replica(
                        Floats.of(arena, start.toArray()),
                        DiLoCoGolden.inner(params).over(arena, start.length()),
                        new StreamingDiLoCo(arena, start, fragments, settings)));
            }
            StreamingDiLoCo any = replicas.getFirst().outer;
            Map<Integer, Floats> underWay = new LinkedHashMap<>();
            for (int t = 1; t <= steps; t++) {
                for (int i = 0; i < workers; i++) {
                    Floats gradient = Floats.of(arena, gradients[(t - 1) * workers + i]);
                    Replica replica = replicas.get(i);
                    replica.inner.step(replica.parameters, gradient, 1, rate, t);
                }
                for (int fragment : any.sends(t)) {
                    events.add(t + " send " + fragment);
                    underWay.put(fragment, mean(arena, replicas, fragment));
                }
                for (int fragment : any.applies(t)) {
                    events.add(t + " apply " + fragment);
                    Floats mean = underWay.remove(fragment);
                    replicas.forEach(replica -> replica.outer.apply(fragment, mean, replica.parameters));
                }
                for (int i = 0; i < workers; i++) {
                    locals[(t - 1) * workers + i] = replicas.get(i).parameters.toArray();
                }
                globals[t - 1] = whole(arena, any, fragments, "outer_parameters", start);
            }
            tensors.assertClose("momentum_final", whole(arena, any, fragments, Sgd.MOMENTUM_BUFFER, start));
        }
        tensors.assertClose("local", locals);
        tensors.assertClose("global", globals);
        List<String> expected = new ArrayList<>();
        testCase.json()
                .path("events")
                .forEach(event -> expected.add(event.path("step").asInt() + " "
                        + event.path("event").asText() + " "
                        + event.path("fragment").asInt()));
        if (testCase.json().has("events")) {
            assertThat(events).isEqualTo(expected);
        }
    }

    private static List<Fragment> fragments(JsonNode params, Tensors tensors) {
        List<Fragment> fragments = new ArrayList<>();
        for (JsonNode names : params.path("fragments")) {
            List<Fragment.Range> ranges = new ArrayList<>();
            names.forEach(name ->
                    ranges.add(new Fragment.Range(tensors.offset(name.asText()), tensors.length(name.asText()))));
            fragments.add(new Fragment(ranges));
        }
        return fragments;
    }

    private static Floats mean(Arena arena, List<Replica> replicas, int fragment) {
        List<Floats> deltas = new ArrayList<>();
        for (Replica replica : replicas) {
            Floats delta = Floats.allocate(arena, replica.outer.length(fragment));
            replica.outer.pseudoGradient(fragment, replica.parameters, delta);
            deltas.add(delta);
        }
        double[] weights = new double[deltas.size()];
        Arrays.fill(weights, 1);
        Floats mean = Floats.allocate(arena, deltas.getFirst().length());
        WeightedMean.of(deltas, weights, mean, Workers.SERIAL);
        return mean;
    }

    /** The vector of that name of every fragment, at its place in the whole. */
    private static float[] whole(
            Arena arena, StreamingDiLoCo outer, List<Fragment> fragments, String name, Floats shape) {
        Floats whole = Floats.allocate(arena, shape.length());
        for (int p = 0; p < fragments.size(); p++) {
            fragments.get(p).scatter(outer.state().get("fragment" + p + "." + name), whole);
        }
        return whole.toArray();
    }
}
