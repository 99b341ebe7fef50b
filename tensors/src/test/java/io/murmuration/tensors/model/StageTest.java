package io.murmuration.tensors.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StageTest {

    private static final int SEQUENCES = 2;
    /** Two query heads share a KV head; the sequence is longer than one block of query rows. */
    private static final ModelSpec GROUPED = new ModelSpec(50, 16, 3, 4, 2, 24, 70, 10_000, 1e-5);

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void release() {
        arena.close();
    }

    /**
     * Along a direction of unit length u, (loss(p + h u) - loss(p - h u)) / 2h = gradient . u + O(h^2). Losses are near
     * ln(vocabulary) = 4 with an fp32 error of some 1e-7 in the mean, so h = 1e-2 leaves an error near 1e-5 from rounding;
     * the derivative along the gradient itself is near 1.
     */
    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void the_gradient_agrees_with_finite_differences(String name) {
        for (ModelSpec model : List.of(
                ModelSpec.NANO,
                GROUPED,
                GROUPED.withTiedHead(true),
                GROUPED.withSubspace(3),
                GROUPED.withBranchGain(true),
                GROUPED.withSubspace(3).withBranchGain(true))) {
            try (Stage stage = stage(Backends.byName(name), model, 1, 0);
                    Workspace workspace = stage.newWorkspace(SEQUENCES)) {
                enlarge(stage.parameters());
                leaveOne(stage);
                int[] tokens = tokens(model, SEQUENCES);
                Floats gradient = Floats.allocate(arena, stage.layout().length());
                stage.lossAndBackward(workspace, SEQUENCES, tokens, Floats.empty(), Floats.empty(), gradient);
                for (ParameterLayout.Parameter parameter : stage.layout().parameters()) {
                    checkAlongGradient(stage, workspace, tokens, parameter, gradient);
                }
            }
        }
    }

    private void checkAlongGradient(
            Stage stage, Workspace workspace, int[] tokens, ParameterLayout.Parameter parameter, Floats gradient) {
        Floats values = stage.parameters().slice(parameter.offset(), parameter.length());
        Floats slopes = gradient.slice(parameter.offset(), parameter.length());
        float[] original = values.toArray();
        double norm = norm(slopes);
        assertThat(norm).as("gradient of %s", parameter.name()).isPositive();
        // Half along the gradient, half along random signs: a wrong element shows in one or the other.
        SplittableRandom random = new SplittableRandom(parameter.offset());
        double[] direction = new double[original.length];
        double expected = 0;
        for (int i = 0; i < direction.length; i++) {
            double sign = random.nextBoolean() ? 1 : -1;
            direction[i] = (slopes.get(i) / norm + sign / Math.sqrt(direction.length)) / 2;
            expected += direction[i] * slopes.get(i);
        }
        double step = 1e-2;
        double above = lossAt(stage, workspace, tokens, values, original, direction, step);
        double below = lossAt(stage, workspace, tokens, values, original, direction, -step);
        values.copyFrom(original);
        assertThat((above - below) / (2 * step))
                .as(parameter.name())
                .isCloseTo(expected, offset(5e-5 + 5e-3 * Math.abs(expected)));
    }

    private static double lossAt(
            Stage stage,
            Workspace workspace,
            int[] tokens,
            Floats values,
            float[] original,
            double[] direction,
            double step) {
        for (int i = 0; i < original.length; i++) {
            values.set(i, (float) (original[i] + step * direction[i]));
        }
        return stage.loss(workspace, SEQUENCES, tokens, Floats.empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void three_stages_give_the_loss_and_gradient_of_one(String name) {
        Backend backend = Backends.byName(name);
        for (ModelSpec model : List.of(ModelSpec.NANO, GROUPED)) {
            int[] tokens = tokens(model, SEQUENCES);
            Result whole = split(backend, model, 1, tokens);
            Result parts = split(backend, model, 3, tokens);
            // The same products in the same order: not even a bit may differ, on either backend.
            assertThat(parts.loss()).isEqualTo(whole.loss());
            assertThat(parts.gradient()).isEqualTo(whole.gradient());
        }
    }

    @Test
    void gains_of_branches_start_as_no_gains_and_do_not_decay() {
        ModelSpec gained = GROUPED.withBranchGain(true);
        Backend backend = Backends.byName("java");
        int[] tokens = tokens(GROUPED, SEQUENCES);
        assertThat(split(backend, gained, 3, tokens).loss())
                .isCloseTo(split(backend, GROUPED, 1, tokens).loss(), offset(1e-6));
        List<ParameterLayout.Parameter> gains =
                ParameterLayout.of(gained, StagePlan.of(3, 1).slice(0)).parameters().stream()
                        .filter(parameter -> ParameterLayout.isBranchGain(parameter.name()))
                        .toList();
        assertThat(gains).hasSize(6).noneMatch(ParameterLayout.Parameter::decays);
        assertThat(gained.parameters() - GROUPED.parameters()).isEqualTo(6L * GROUPED.dim());
    }

    /** What crosses is rounded once more, and lies in the subspace up to rounding: equal up to that. */
    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void three_stages_within_a_subspace_give_the_loss_and_gradient_of_one(String name) {
        Backend backend = Backends.byName(name);
        for (ModelSpec model : List.of(ModelSpec.NANO.withSubspace(4), GROUPED.withSubspace(1))) {
            int[] tokens = tokens(model, SEQUENCES);
            Result whole = split(backend, model, 1, tokens);
            Result parts = split(backend, model, 3, tokens);
            assertThat(parts.loss()).isCloseTo(whole.loss(), offset(1e-6));
            double difference = 0;
            for (int i = 0; i < whole.gradient().length; i++) {
                difference += Math.pow(parts.gradient()[i] - (double) whole.gradient()[i], 2);
            }
            assertThat(Math.sqrt(difference) / norm(Floats.of(arena, whole.gradient())))
                    .isLessThan(1e-5);
        }
    }

    /** The same function, and by the chain rule the gradients {@code U^T dW} and {@code dW U}. */
    @Test
    void a_model_within_a_subspace_is_the_ordinary_one_that_it_expands_to() {
        ModelSpec model = GROUPED.withSubspace(3);
        Backend backend = Backends.byName("java");
        int[] tokens = tokens(model, SEQUENCES);
        Subspace subspace = Subspace.of(arena, model);
        try (Stage inside = stage(backend, model, 1, 0);
                Stage ordinary = stage(backend, GROUPED, 1, 0);
                Workspace first = inside.newWorkspace(SEQUENCES);
                Workspace second = ordinary.newWorkspace(SEQUENCES)) {
            enlarge(inside.parameters());
            for (ParameterLayout.Parameter parameter : ordinary.layout().parameters()) {
                Floats trained = tensor(inside, ParameterLayout.trained(model, parameter.name()));
                Floats target = tensor(ordinary, parameter.name());
                if (trained.length() == target.length()) {
                    target.copyFrom(trained);
                } else {
                    subspace.expand(parameter, trained, target);
                }
            }
            Floats gradient = Floats.allocate(arena, inside.layout().length());
            Floats expected = Floats.allocate(arena, ordinary.layout().length());
            double loss = inside.lossAndBackward(first, SEQUENCES, tokens, Floats.empty(), Floats.empty(), gradient);
            assertThat(loss)
                    .isCloseTo(
                            ordinary.lossAndBackward(
                                    second, SEQUENCES, tokens, Floats.empty(), Floats.empty(), expected),
                            offset(1e-6));
            for (ParameterLayout.Parameter dense : ordinary.layout().parameters()) {
                ParameterLayout.Parameter parameter =
                        inside.layout().parameter(ParameterLayout.trained(model, dense.name()));
                float[] whole = expected.slice(dense.offset(), dense.length()).toArray();
                float[] projected =
                        dense.length() == parameter.length() ? whole : projected(model, subspace, dense, whole);
                float[] got =
                        gradient.slice(parameter.offset(), parameter.length()).toArray();
                for (int i = 0; i < got.length; i++) {
                    assertThat(got[i]).as("%s %d", parameter.name(), i).isCloseTo(projected[i], offset((float)
                            (1e-5 * norm(Floats.of(arena, projected)))));
                }
            }
        }
    }

    private static float[] projected(
            ModelSpec model, Subspace subspace, ParameterLayout.Parameter dense, float[] gradient) {
        int dim = model.dim();
        int rank = model.subspace();
        boolean ends = ParameterLayout.endsBranch(dense.name());
        int other = gradient.length / dim;
        float[] projected = new float[rank * other];
        for (int k = 0; k < rank; k++) {
            for (int j = 0; j < other; j++) {
                double sum = 0;
                for (int i = 0; i < dim; i++) {
                    sum += (double) subspace.basis().get((long) i * rank + k)
                            * gradient[ends ? i * other + j : j * dim + i];
                }
                projected[ends ? k * other + j : j * rank + k] = (float) sum;
            }
        }
        return projected;
    }

    /** Where the gradients lead, less of them is outside; what layers add lies in the new subspace, not in the old one. */
    @Test
    void a_subspace_moves_with_the_parameters_and_stays_one() {
        ModelSpec model = GROUPED.withSubspace(3).withSubspaceRefresh(10);
        Backend backend = Backends.byName("java");
        int[] tokens = tokens(model, SEQUENCES);
        long square = (long) model.dim() * model.dim();
        try (Stage moving = stage(backend, model, 1, 0);
                Stage fixed = stage(backend, GROUPED.withSubspace(3), 1, 0);
                Workspace workspace = moving.newWorkspace(SEQUENCES)) {
            enlarge(fixed.parameters());
            for (ParameterLayout.Parameter parameter : fixed.layout().parameters()) {
                tensor(moving, parameter.name()).copyFrom(tensor(fixed, parameter.name()));
            }
            Floats none = Floats.empty();
            assertThat(moving.loss(workspace, SEQUENCES, tokens, none))
                    .isEqualTo(fixed.loss(workspace, SEQUENCES, tokens, none));
            Floats moment = Floats.allocate(arena, square);
            Floats gradient = Floats.allocate(arena, moving.layout().length());
            moving.lossAndBackward(workspace, moving.batch(SEQUENCES, tokens), none, none, gradient, moment);
            Floats basis = tensor(moving, ParameterLayout.BASIS);
            ParameterLayout.Parameter place = moving.layout().parameter(ParameterLayout.BASIS);
            assertThat(place.decays()).isFalse();
            assertThat(gradient.slice(place.offset(), place.length()).toArray()).containsOnly(0);
            double before = new GrassmannStep(basis, moment, model.dim(), 3).outside();
            assertThat(before).isBetween(0.3, 1.0);

            float[] then = basis.toArray();
            moving.moveSubspace(moment, 0.5);
            assertThat(basis.toArray()).isNotEqualTo(then);
            assertThat(new GrassmannStep(basis, moment, model.dim(), 3).outside())
                    .isLessThan(before);
            Floats x = moving.trace(workspace, moving.batch(SEQUENCES, tokens), none)
                    .hidden()
                    .getLast();
            Floats known = Floats.allocate(arena, x.length());
            backend.embed(
                    Subspace.of(arena, model).embedding(),
                    model.dim(),
                    moving.batch(SEQUENCES, tokens).inputs(),
                    known);
            assertThat(new SubspaceBoundary(backend, basis, model.dim(), 3).reconstructionError(x, known))
                    .isLessThan(1e-6);
            assertThat(new SubspaceBoundary(backend, Floats.of(arena, then), model.dim(), 3)
                            .reconstructionError(x, known))
                    .isGreaterThan(1e-3);
        }
        assertThatThrownBy(() -> stage(backend, model, 3, 0)).hasMessageContaining("expected 1 stage, got 3");
    }

    private record Result(double loss, float[] gradient) {}

    /** Forward through all stages, back through all stages; gradients in the order of the whole model. */
    private Result split(Backend backend, ModelSpec model, int stages, int[] tokens) {
        long numbers = (long) SEQUENCES * model.sequence() * model.boundaryWidth();
        List<Stage> pipeline = new ArrayList<>();
        List<Workspace> workspaces = new ArrayList<>();
        List<Floats> inputs = new ArrayList<>(List.of(Floats.empty()));
        List<Floats> gradients = new ArrayList<>();
        for (int i = 0; i < stages; i++) {
            Stage stage = stage(backend, model, stages, i);
            pipeline.add(stage);
            workspaces.add(stage.newWorkspace(SEQUENCES));
            gradients.add(Floats.allocate(arena, stage.layout().length()));
            if (i + 1 < stages) {
                Floats output = Floats.allocate(arena, numbers);
                stage.forward(workspaces.get(i), SEQUENCES, tokens, inputs.get(i), output);
                inputs.add(output);
            }
        }
        Floats back = stages == 1 ? Floats.empty() : Floats.allocate(arena, numbers);
        int last = stages - 1;
        double loss = pipeline.get(last)
                .lossAndBackward(workspaces.get(last), SEQUENCES, tokens, inputs.get(last), back, gradients.get(last));
        for (int i = last - 1; i >= 0; i--) {
            Floats next = i == 0 ? Floats.empty() : Floats.allocate(arena, numbers);
            pipeline.get(i).backward(workspaces.get(i), SEQUENCES, tokens, inputs.get(i), back, next, gradients.get(i));
            back = next;
        }
        float[] whole = new float[0];
        for (int i = 0; i < stages; i++) {
            float[] part = gradients.get(i).toArray();
            whole = Arrays.copyOf(whole, whole.length + part.length);
            System.arraycopy(part, 0, whole, whole.length - part.length, part.length);
            workspaces.get(i).close();
            pipeline.get(i).close();
        }
        return new Result(loss, whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void two_threads_on_one_stage_give_the_bits_of_one_thread(String name) throws Exception {
        ModelSpec model = GROUPED;
        int repeats = 8;
        try (Stage stage = stage(Backends.byName(name), model, 1, 0);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Callable<float[]>> work = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                work.add(() -> {
                    try (Arena own = Arena.ofConfined();
                            Workspace workspace = stage.newWorkspace(SEQUENCES)) {
                        Floats gradient = Floats.allocate(own, stage.layout().length());
                        for (int repeat = 0; repeat < repeats; repeat++) {
                            stage.lossAndBackward(
                                    workspace,
                                    SEQUENCES,
                                    tokens(model, SEQUENCES),
                                    Floats.empty(),
                                    Floats.empty(),
                                    gradient);
                        }
                        return gradient.toArray();
                    }
                });
            }
            float[] alone = work.getFirst().call();
            for (Future<float[]> together : threads.invokeAll(work)) {
                assertThat(together.get()).isEqualTo(alone);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void the_gradient_is_added_to_what_is_there_and_a_workspace_forgets(String name) {
        ModelSpec model = ModelSpec.NANO;
        int[] tokens = tokens(model, SEQUENCES);
        try (Stage stage = stage(Backends.byName(name), model, 1, 0);
                Workspace workspace = stage.newWorkspace(SEQUENCES + 1)) {
            Floats once = Floats.allocate(arena, stage.layout().length());
            Floats twice = Floats.allocate(arena, stage.layout().length());
            double loss = stage.lossAndBackward(workspace, SEQUENCES, tokens, Floats.empty(), Floats.empty(), once);
            for (int i = 0; i < 2; i++) {
                stage.lossAndBackward(
                        workspace,
                        SEQUENCES + 1,
                        tokens(model, SEQUENCES + 1),
                        Floats.empty(),
                        Floats.empty(),
                        copyOf(once));
                stage.lossAndBackward(workspace, SEQUENCES, tokens, Floats.empty(), Floats.empty(), twice);
            }
            double largest = norm(once);
            for (long i = 0; i < once.length(); i++) {
                assertThat((double) twice.get(i)).isCloseTo(2.0 * once.get(i), offset(1e-6 * largest));
            }
            assertThat(stage.loss(workspace, SEQUENCES, tokens, Floats.empty())).isCloseTo(loss, offset(1e-6));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void the_next_token_follows_from_the_prefix_alone(String name) {
        ModelSpec model = GROUPED;
        try (Stage stage = stage(Backends.byName(name), model, 1, 0);
                Workspace workspace = stage.newWorkspace(1)) {
            int[] ids = tokens(model, 1);
            TokenBatch batch = TokenBatch.shifted(1, model.sequence(), ids);
            float[] all = stage.trace(workspace, batch, Floats.empty()).logits().toArray();
            Floats logits = Floats.allocate(arena, model.vocabulary());
            for (int length : new int[] {1, 2, 37, 64, 65, model.sequence()}) {
                int[] prefix = Arrays.copyOf(ids, length);
                stage.logits(workspace, prefix, Floats.empty(), logits);
                for (int i = 0; i < model.vocabulary(); i++) {
                    assertThat(logits.get(i)).isCloseTo(all[(length - 1) * model.vocabulary() + i], offset(1e-5f));
                }
            }
        }
    }

    @Test
    void initial_parameters_do_not_depend_on_the_partition_and_follow_the_recipe() {
        ModelSpec model = ModelSpec.NANO;
        Backend backend = Backends.byName("java");
        try (Stage whole = stage(backend, model, 1, 0)) {
            for (int i = 0; i < 3; i++) {
                try (Stage part = stage(backend, model, 3, i)) {
                    for (ParameterLayout.Parameter parameter : part.layout().parameters()) {
                        assertThat(tensor(part, parameter.name()).toArray())
                                .as(parameter.name())
                                .isEqualTo(tensor(whole, parameter.name()).toArray());
                    }
                }
            }
            assertThat(tensor(whole, "model.norm.weight").toArray()).containsOnly(1);
            // 8192 draws: the sample's deviation is within 4 percent of the true one, five sigma.
            Floats embedding = tensor(whole, "model.embed_tokens.weight");
            assertThat(norm(embedding) / Math.sqrt(embedding.length())).isCloseTo(0.02, offset(0.0008));
            Floats down = tensor(whole, "model.layers.1.mlp.down_proj.weight");
            assertThat(norm(down) / Math.sqrt(down.length())).isCloseTo(0.02 / Math.sqrt(6), offset(0.0005));
            float first = embedding.get(0);
            whole.initialise(43);
            assertThat(embedding.get(0)).isNotEqualTo(first);
        }
    }

    @Test
    void what_does_not_fit_is_refused_with_a_clear_message() {
        ModelSpec model = ModelSpec.NANO;
        Backend backend = Backends.byName("java");
        int[] tokens = tokens(model, 1);
        tokens[5] = 256;
        Floats none = Floats.empty();
        try (Stage stage = stage(backend, model, 1, 0);
                Stage first = stage(backend, model, 3, 0);
                Workspace workspace = stage.newWorkspace(1)) {
            assertThatThrownBy(() -> stage.loss(workspace, 1, tokens, none))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token ids must lie in 0 to 255, the one at 5 of sequence 0 is 256");
            assertThatThrownBy(() -> stage.loss(workspace, 2, tokens(model, 2), none))
                    .hasMessage("the workspace has room for 1 sequences, got 2");
            assertThatThrownBy(() -> stage.loss(workspace, 1, new int[7], none))
                    .hasMessage("expected 1 runs of 33 tokens, got 7 tokens");
            assertThatThrownBy(() -> stage.loss(workspace, 1, tokens(model, 1), Floats.of(arena, 1)))
                    .hasMessage("input must hold 0 numbers, holds 1");
            assertThatThrownBy(() -> first.loss(workspace, 1, tokens(model, 1), none))
                    .hasMessageContaining("only the last stage");
            assertThatThrownBy(() -> stage.logits(workspace, new int[33], none, Floats.allocate(arena, 256)))
                    .hasMessage("a prefix has 1 to 32 tokens, this one has 33");
        }
    }

    private static Stage stage(Backend backend, ModelSpec model, int stages, int index) {
        Stage stage =
                new Stage(backend, model, StagePlan.of(model.layers(), stages).slice(index));
        stage.initialise(42);
        return stage;
    }

    /** Larger matrices than at the start of a run, so that attention is not uniform and gates are not linear. */
    private static void enlarge(Floats parameters) {
        for (long i = 0; i < parameters.length(); i++) {
            if (parameters.get(i) != 1) {
                parameters.set(i, 8 * parameters.get(i));
            }
        }
    }

    /** Gains of branches that are all different from 1 and from each other. */
    private static void leaveOne(Stage stage) {
        SplittableRandom random = new SplittableRandom(7);
        stage.layout().parameters().stream()
                .filter(parameter -> ParameterLayout.isBranchGain(parameter.name()))
                .map(parameter -> tensor(stage, parameter.name()))
                .forEach(gain -> {
                    for (long i = 0; i < gain.length(); i++) {
                        gain.set(i, (float) random.nextDouble(0.25, 0.95));
                    }
                });
    }

    private static Floats tensor(Stage stage, String name) {
        ParameterLayout.Parameter parameter = stage.layout().parameter(name);
        return stage.parameters().slice(parameter.offset(), parameter.length());
    }

    private Floats copyOf(Floats source) {
        Floats copy = Floats.allocate(arena, source.length());
        copy.copyFrom(source);
        return copy;
    }

    private static double norm(Floats numbers) {
        double squares = 0;
        for (float value : numbers.toArray()) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static int[] tokens(ModelSpec model, int sequences) {
        return new SplittableRandom(sequences)
                .ints((long) sequences * (model.sequence() + 1), 0, model.vocabulary())
                .toArray();
    }
}
