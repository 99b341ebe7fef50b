package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.reduce.Bulyan;
import io.murmuration.tensors.reduce.CenteredClip;
import io.murmuration.tensors.reduce.Krum;
import io.murmuration.tensors.reduce.MultiKrum;
import io.murmuration.tensors.reduce.RobustRule;
import io.murmuration.tensors.reduce.RobustRules;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Group {@code robust}: {@code vectors} [n, length] in; an expected tensor is named after the rule that gives it. */
final class RobustGolden implements GoldenCheck {

    private static final Pattern CENTERED_CLIP = Pattern.compile("centered_clip_tau([\\d.]+)_(\\d+|conv)");

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("robust");
    }

    @Override
    public void run(GoldenCase testCase) {
        int[] shape = testCase.shape("vectors");
        int faults = testCase.params().path("f").intValue();
        float[] all = testCase.floats("vectors");
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = Floats.of(arena, all);
            List<Floats> vectors = new ArrayList<>();
            for (int i = 0; i < shape[0]; i++) {
                vectors.add(numbers.slice((long) i * shape[1], shape[1]));
            }
            Floats result = Floats.allocate(arena, shape[1]);
            for (String expected : testCase.expected()) {
                switch (expected) {
                    case "krum_scores" ->
                        testCase.assertClose(expected, rounded(Krum.scores(vectors, faults, Workers.SERIAL)));
                    case "krum_index" -> testCase.assertIds(expected, new Krum(faults).choose(vectors, Workers.SERIAL));
                    case "multi_krum_indices" ->
                        testCase.assertIds(expected, ids(new MultiKrum(faults).choose(vectors, Workers.SERIAL)));
                    case "bulyan_selected_order" ->
                        testCase.assertIds(expected, ids(new Bulyan(faults).choose(vectors, Workers.SERIAL)));
                    default -> {
                        rule(expected, shape[0], faults).aggregate(vectors, result, Workers.SERIAL);
                        testCase.assertClose(expected, result.toArray());
                    }
                }
            }
        }
    }

    private static RobustRule rule(String expected, int n, int faults) {
        Matcher clip = CENTERED_CLIP.matcher(expected);
        if (clip.matches()) {
            double radius = Double.parseDouble(clip.group(1));
            return clip.group(2).equals("conv")
                    ? CenteredClip.converged(faults, radius)
                    : new CenteredClip(faults, radius, Integer.parseInt(clip.group(2)), 0);
        }
        // The plain mean is there to show what an attack does to it: it is given no fault to tolerate.
        return RobustRules.byName(expected.replace('_', '-'), n, expected.equals("mean") ? 0 : faults);
    }

    private static float[] rounded(double[] exact) {
        float[] rounded = new float[exact.length];
        for (int i = 0; i < exact.length; i++) {
            rounded[i] = (float) exact[i];
        }
        return rounded;
    }

    private static int[] ids(List<Integer> chosen) {
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }
}
