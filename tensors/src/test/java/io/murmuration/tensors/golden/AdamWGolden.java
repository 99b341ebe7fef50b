package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.optim.AdamW;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Group {@code optim}, cases {@code adamw*}: {@code grad.P} and {@code param.P} have a leading step axis, {@code
 * VECTOR.stepN.P} is the optimiser's state after step N. All parameters lie in one vector; all of them decay.
 */
final class AdamWGolden implements GoldenCheck {

    private static final String INITIAL = "param_init.";
    private static final Pattern STATE = Pattern.compile("(\\w+)\\.step(\\d+)\\.(.+)");

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("adamw");
    }

    @Override
    public void run(GoldenCase testCase) {
        Map<String, float[]> initial = new LinkedHashMap<>();
        testCase.tensors().stream()
                .filter(name -> name.startsWith(INITIAL))
                .forEach(name -> initial.put(name.substring(INITIAL.length()), testCase.floats(name)));
        JsonNode params = testCase.params();
        AdamW.Settings settings = new AdamW.Settings(
                params.path("betas").path(0).doubleValue(),
                params.path("betas").path(1).doubleValue(),
                params.path("eps").doubleValue(),
                params.path("weight_decay").doubleValue());
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.of(arena, concatenated(initial, 0, initial));
            Floats gradient = Floats.allocate(arena, parameters.length());
            AdamW optimiser = AdamW.uniform(arena, parameters.length(), settings);
            Map<String, float[]> gradients = new LinkedHashMap<>();
            initial.keySet().forEach(name -> gradients.put(name, testCase.floats("grad." + name)));
            Map<String, float[]> trace = new LinkedHashMap<>();
            gradients.forEach((name, all) -> trace.put(name, new float[all.length]));
            float[] rates = testCase.has("lr") ? testCase.floats("lr") : new float[0];
            int steps = testCase.shape("grad." + initial.keySet().iterator().next())[0];
            for (int step = 0; step < steps; step++) {
                gradient.copyFrom(concatenated(gradients, step, initial));
                double rate = rates.length > 0 ? rates[step] : params.path("lr").doubleValue();
                optimiser.step(parameters, gradient, 1, rate, step + 1);
                record(parameters, initial, step, trace);
                checkState(testCase, optimiser, initial, step + 1);
            }
            trace.forEach((name, values) -> testCase.assertClose("param." + name, values));
        }
    }

    /** Row {@code step} of every tensor, one after the other. */
    private static float[] concatenated(Map<String, float[]> tensors, int step, Map<String, float[]> lengths) {
        int total = lengths.values().stream().mapToInt(values -> values.length).sum();
        float[] vector = new float[total];
        int at = 0;
        for (Map.Entry<String, float[]> tensor : tensors.entrySet()) {
            int length = lengths.get(tensor.getKey()).length;
            System.arraycopy(tensor.getValue(), step * length, vector, at, length);
            at += length;
        }
        return vector;
    }

    private static void record(Floats parameters, Map<String, float[]> initial, int step, Map<String, float[]> trace) {
        float[] now = parameters.toArray();
        int at = 0;
        for (Map.Entry<String, float[]> tensor : initial.entrySet()) {
            int length = tensor.getValue().length;
            System.arraycopy(now, at, trace.get(tensor.getKey()), step * length, length);
            at += length;
        }
    }

    private static void checkState(GoldenCase testCase, AdamW optimiser, Map<String, float[]> initial, int step) {
        for (String name : testCase.expected()) {
            Matcher state = STATE.matcher(name);
            if (!state.matches() || Integer.parseInt(state.group(2)) != step) {
                continue;
            }
            long at = 0;
            for (Map.Entry<String, float[]> tensor : initial.entrySet()) {
                if (tensor.getKey().equals(state.group(3))) {
                    Floats vector = optimiser.state().get(state.group(1));
                    testCase.assertClose(
                            name, vector.slice(at, tensor.getValue().length).toArray());
                }
                at += tensor.getValue().length;
            }
        }
    }
}
