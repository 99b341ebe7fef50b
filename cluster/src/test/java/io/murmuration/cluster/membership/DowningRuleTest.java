package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.membership.DowningRule.Decision;
import io.murmuration.cluster.membership.DowningRule.Kind;
import io.murmuration.cluster.membership.DowningView.Seat;
import io.murmuration.cluster.membership.DowningView.Standing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Who is removed from a cluster with links that do not carry. */
final class DowningRuleTest {

    private static CutWorld world(Random random) {
        int coordinators = 1 + 2 * random.nextInt(3);
        return new CutWorld(coordinators + random.nextInt(8) + 1, coordinators);
    }

    private static List<Integer> all(CutWorld world) {
        return IntStream.range(0, world.nodes).boxed().toList();
    }

    private static List<Integer> but(CutWorld world, List<Integer> some) {
        return all(world).stream().filter(node -> !some.contains(node)).toList();
    }

    private static boolean quorum(CutWorld world, List<Integer> part) {
        return part.stream().filter(node -> node < world.coordinators).count() >= world.quorum();
    }

    private static List<Integer> part(CutWorld world, Random random) {
        List<Integer> nodes = new ArrayList<>(all(world));
        Collections.shuffle(nodes, random);
        return nodes.subList(0, 1 + random.nextInt(world.nodes - 1)).stream()
                .sorted()
                .toList();
    }

    /** Whatever is cut, whatever is noticed, whoever has seen what. */
    @Property
    void two_parts_that_are_not_in_touch_never_both_go_on(@ForAll long seed, @ForAll @IntRange(max = 9) int tenths) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        List<Integer> part = part(world, random);
        world.cut(part, but(world, part));
        if (random.nextBoolean()) {
            world.cut(but(world, part), part);
        }
        world.cutAtRandom(random, tenths * 0.05);
        world.overlook(random, random.nextDouble());
        Set<List<Integer>> keeping = new HashSet<>();
        for (int node : all(world)) {
            Decision decision = DowningRule.decide(world.view(node, random));
            if (decision.kind() == Kind.KEEP) {
                keeping.add(world.inTouch(node));
            } else {
                assertThat(CutWorld.places(world.inTouch(node)))
                        .as("who gives up touches nobody else, for the others may hear of it")
                        .containsAll(decision.down());
            }
        }
        assertThat(keeping).hasSizeLessThanOrEqualTo(1);
    }

    @Property
    void a_part_that_is_cut_off_in_one_direction_or_both_goes_and_nobody_whom_it_reports(@ForAll long seed) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        List<Integer> part = part(world, random);
        List<Integer> rest = but(world, part);
        int directions = 1 + random.nextInt(3);
        if ((directions & 1) != 0) {
            world.cut(part, rest);
        }
        if ((directions & 2) != 0) {
            world.cut(rest, part);
        }
        for (int node : all(world)) {
            List<Integer> own = part.contains(node) ? part : rest;
            List<Integer> other = part.contains(node) ? rest : part;
            boolean keeps = quorum(world, own);
            Decision decision = world.decision(node);
            assertThat(decision.kind()).isEqualTo(keeps ? Kind.KEEP : Kind.GIVE_UP);
            assertThat(decision.down()).isEqualTo(CutWorld.places(keeps ? other : own));
            assertThat(decision.decider()).contains(CutWorld.place(own.getFirst()));
        }
    }

    @Property
    void one_node_that_is_cut_off_in_one_direction_goes_alone_although_it_reports_everybody(
            @ForAll long seed, @ForAll boolean deaf) {
        Random random = new Random(seed);
        CutWorld world = new CutWorld(4 + random.nextInt(9), 3);
        int off = random.nextInt(world.nodes);
        List<Integer> rest = but(world, List.of(off));
        world.cut(deaf ? rest : List.of(off), deaf ? List.of(off) : rest);
        for (int node : rest) {
            assertThat(world.decision(node).kind()).isEqualTo(Kind.KEEP);
            assertThat(world.decision(node).down()).containsExactly(CutWorld.place(off));
        }
        assertThat(world.decision(off).kind()).isEqualTo(Kind.GIVE_UP);
        assertThat(world.decision(off).down()).containsExactly(CutWorld.place(off));
    }

    /** Its report is here before anybody has missed it. */
    @Property
    void nobody_goes_because_of_what_only_a_node_says_that_is_not_here(@ForAll long seed) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        int off = random.nextInt(world.nodes);
        List<Integer> rest = but(world, List.of(off));
        List<Accusation> reports = rest.stream()
                .map(node -> new Accusation(CutWorld.place(off), CutWorld.place(node)))
                .toList();
        DowningView view = new DowningView(world.quorum(), world.members(), reports, CutWorld.places(rest));
        assertThat(DowningRule.decide(view).kind()).isEqualTo(Kind.QUIET);
    }

    @Property
    void what_a_node_says_that_is_going_does_not_count(@ForAll long seed, @ForAll boolean stillHeard) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        int off = random.nextInt(world.nodes);
        List<Integer> rest = but(world, List.of(off));
        SortedMap<Place, Seat> members = world.members();
        members.put(CutWorld.place(off), new Seat(Standing.GOING, off < world.coordinators));
        List<Accusation> all = new ArrayList<>();
        for (int node : rest) {
            all.add(new Accusation(CutWorld.place(off), CutWorld.place(node)));
            all.add(new Accusation(CutWorld.place(node), CutWorld.place(off)));
        }
        DowningView view =
                new DowningView(world.quorum(), members, all, CutWorld.places(stillHeard ? all(world) : rest));
        assertThat(DowningRule.decide(view).kind()).isEqualTo(Kind.QUIET);
    }

    @Property
    void everybody_who_is_in_touch_decides_the_same_and_names_the_same_node(
            @ForAll long seed, @ForAll @IntRange(max = 9) int tenths) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        world.cutAtRandom(random, tenths * 0.1);
        for (int node : all(world)) {
            Decision decision = world.decision(node);
            assertThat(decision.kind()).as("all that can be noticed is").isNotEqualTo(Kind.WAIT);
            for (int other : world.inTouch(node)) {
                // Of those that are not in touch each may have heard something else, and it does not count.
                assertThat(world.decision(other)).isEqualTo(decision);
            }
            decision.decider().ifPresent(decider -> assertThat(CutWorld.places(world.inTouch(node)))
                    .contains(decider));
        }
    }

    /** Or nobody could be removed and nobody could join any more. */
    @Property
    void of_those_that_stay_no_two_miss_each_other_but_coordinators_that_the_quorum_needs(
            @ForAll long seed, @ForAll @IntRange(max = 9) int tenths) {
        Random random = new Random(seed);
        CutWorld world = world(random);
        world.cutAtRandom(random, tenths * 0.03);
        for (int node : all(world)) {
            Decision decision = world.decision(node);
            if (decision.kind() != Kind.KEEP) {
                continue;
            }
            DowningView view = world.view(node);
            SortedSet<Place> staying = new TreeSet<>(view.here());
            staying.removeAll(decision.down());
            assertThat(staying.stream().filter(view::votes)).hasSizeGreaterThanOrEqualTo(world.quorum());
            boolean spare = staying.stream().filter(view::votes).count() > world.quorum();
            assertThat(view.counted().stream()
                            .filter(each -> staying.contains(each.observer())
                                    && !decision.down().contains(each.subject())))
                    .allMatch(each -> !spare && view.votes(each.observer()) && view.votes(each.subject()));
            assertThat(staying).containsAll(decision.decider().stream().toList());
        }
    }

    @Example
    void of_two_workers_that_miss_each_other_one_goes() {
        Decision decision = new CutWorld(6, 3).cut(3, 4).decision(0);
        assertThat(decision.down()).containsExactly(CutWorld.place(4));
        assertThat(decision.decider()).contains(CutWorld.place(0));
    }

    @Example
    void a_worker_goes_rather_than_a_coordinator_and_a_coordinator_rather_than_two_workers() {
        assertThat(new CutWorld(6, 3).cut(0, 4).decision(1).down()).containsExactly(CutWorld.place(4));
        assertThat(new CutWorld(6, 3).cut(0, 4).cut(5, 0).decision(1).down()).containsExactly(CutWorld.place(0));
        assertThat(new CutWorld(6, 1).cut(0, 4).cut(5, 0).decision(1).down())
                .as("the only one there is")
                .containsExactly(CutWorld.place(4), CutWorld.place(5));
    }

    @Example
    void a_majority_of_coordinators_that_is_not_missed_and_has_not_been_heard_is_waited_for() {
        CutWorld world = new CutWorld(7, 3);
        List<Accusation> one = List.of(new Accusation(CutWorld.place(5), CutWorld.place(6)));
        DowningView early = new DowningView(2, world.members(), one, CutWorld.places(List.of(0, 5)));
        assertThat(DowningRule.decide(early).kind()).isEqualTo(Kind.WAIT);
        DowningView later = new DowningView(2, world.members(), one, CutWorld.places(List.of(0, 2, 5)));
        assertThat(DowningRule.decide(later).down()).containsExactly(CutWorld.place(6));
    }

    /** Four coordinators where three are planned: two and two may not both go on. */
    @Example
    void with_more_coordinators_than_planned_the_quorum_is_more_than_half_of_them() {
        SortedMap<Place, Seat> members = new CutWorld(4, 4).members();
        List<Accusation> cut = List.of(
                new Accusation(CutWorld.place(0), CutWorld.place(2)),
                new Accusation(CutWorld.place(1), CutWorld.place(3)));
        DowningView view = new DowningView(2, members, cut, CutWorld.places(List.of(0, 1)));
        assertThat(DowningRule.decide(view).kind()).isEqualTo(Kind.GIVE_UP);
    }

    @Example
    void who_has_only_asked_to_be_let_in_does_not_decide() {
        SortedMap<Place, Seat> members = new CutWorld(4, 3).members();
        members.put(CutWorld.place(0), new Seat(Standing.JOINING, true));
        List<Accusation> dead = List.of(new Accusation(CutWorld.place(1), CutWorld.place(3)));
        DowningView view = new DowningView(2, members, dead, CutWorld.places(List.of(0, 1, 2)));
        assertThat(DowningRule.decide(view).down()).containsExactly(CutWorld.place(3));
        assertThat(DowningRule.decide(view).decider()).contains(CutWorld.place(1));
    }
}
