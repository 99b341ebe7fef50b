package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.StageTrace;
import io.murmuration.tensors.model.TokenBatch;
import io.murmuration.tensors.model.Workspace;
import java.lang.foreign.Arena;

/**
 * Group {@code llama} on every backend: whole models (token ids in; hidden states, logits, loss and gradients out) and middle
 * stages (activations and their gradient in).
 */
final class LlamaGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("llama");
    }

    @Override
    public void run(GoldenCase testCase) {
        for (String backend : Backends.names()) {
            run(testCase, Backends.byName(backend));
        }
    }

    private static void run(GoldenCase testCase, Backend backend) {
        JsonNode params = testCase.params();
        boolean whole = params.has("vocab");
        JsonNode layers = params.path("layers");
        int firstLayer = whole ? 0 : layers.path(0).intValue();
        int count = whole ? params.path("n_layers").intValue() : layers.size();
        // A middle stage: one before it, one after it.
        StagePlan.Slice slice =
                whole ? new StagePlan.Slice(0, 1, 0, count) : new StagePlan.Slice(1, 3, firstLayer, count);
        ModelSpec model = new ModelSpec(
                whole ? params.path("vocab").intValue() : 1,
                params.path("dim").intValue(),
                firstLayer + count + 1,
                params.path("n_heads").intValue(),
                params.path("n_kv_heads").intValue(),
                params.path("ffn_dim").intValue(),
                params.path("seq").intValue(),
                params.path("rope_theta").doubleValue(),
                params.path("rms_eps").doubleValue());
        int sequences = params.path("batch").intValue();
        try (Arena arena = Arena.ofConfined();
                Stage stage = new Stage(backend, model, slice);
                Workspace workspace = stage.newWorkspace(sequences)) {
            for (ParameterLayout.Parameter parameter : stage.layout().parameters()) {
                stage.parameters()
                        .slice(parameter.offset(), parameter.length())
                        .copyFrom(testCase.floats(parameter.name()));
            }
            Floats gradient = Floats.allocate(arena, stage.layout().length());
            if (whole) {
                wholeModel(testCase, stage, workspace, gradient);
            } else {
                middleStage(testCase, stage, workspace, gradient, arena);
            }
            for (ParameterLayout.Parameter parameter : stage.layout().parameters()) {
                float[] got =
                        gradient.slice(parameter.offset(), parameter.length()).toArray();
                testCase.assertClose("grad." + parameter.name(), got);
            }
        }
    }

    private static void wholeModel(GoldenCase testCase, Stage stage, Workspace workspace, Floats gradient) {
        int[] ids = testCase.ids("input_ids");
        int length = stage.model().sequence();
        TokenBatch batch = new TokenBatch(ids.length / length, length, ids, testCase.ids("targets"));
        StageTrace trace = stage.trace(workspace, batch, Floats.empty());
        testCase.assertClose("hidden.embed", trace.hidden().getFirst().toArray());
        hiddenStates(testCase, stage, trace);
        testCase.assertClose("hidden.norm", trace.normed().toArray());
        testCase.assertClose("logits", trace.logits().toArray());
        testCase.assertClose("loss", (float) stage.loss(workspace, batch, Floats.empty()));
        double loss = stage.lossAndBackward(workspace, batch, Floats.empty(), Floats.empty(), gradient);
        testCase.assertClose("loss", (float) loss);
    }

    private static void middleStage(
            GoldenCase testCase, Stage stage, Workspace workspace, Floats gradient, Arena arena) {
        Floats input = Floats.of(arena, testCase.floats("input"));
        Floats gradientOutput = Floats.of(arena, testCase.floats("grad_output"));
        Floats output = Floats.allocate(arena, input.length());
        Floats gradientInput = Floats.allocate(arena, input.length());
        int tokens = (int) (input.length() / stage.model().dim());
        int length = stage.model().sequence();
        // A middle stage does not look at the ids.
        TokenBatch batch = new TokenBatch(tokens / length, length, new int[tokens], new int[tokens]);
        hiddenStates(testCase, stage, stage.trace(workspace, batch, input));
        stage.forward(workspace, batch, input, output);
        testCase.assertClose("output", output.toArray());
        stage.backward(workspace, batch, input, gradientOutput, gradientInput, gradient);
        testCase.assertClose("grad_input", gradientInput.toArray());
    }

    private static void hiddenStates(GoldenCase testCase, Stage stage, StageTrace trace) {
        for (int layer = 0; layer < stage.slice().layers(); layer++) {
            String name = "hidden.layer" + (stage.slice().firstLayer() + layer);
            testCase.assertClose(name, trace.hidden().get(layer + 1).toArray());
        }
    }
}
