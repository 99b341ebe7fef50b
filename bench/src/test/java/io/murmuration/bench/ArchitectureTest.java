package io.murmuration.bench;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.murmuration.actors.planted.AsksAndRoutes;
import io.murmuration.actors.planted.ReadsTheClock;
import io.murmuration.actors.planted.SupervisesByTheClock;
import io.murmuration.actors.planted.UnorderedCollections;
import io.murmuration.actors.planted.UsesStreams;
import io.murmuration.actors.planted.Watches;
import io.murmuration.cluster.planted.NamesNd4j;
import io.murmuration.cluster.planted.ReadsConfiguration;
import io.murmuration.cluster.planted.UsesFaults;
import io.murmuration.tensors.planted.UsesActors;
import io.murmuration.tensors.planted.UsesPekko;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which way the doors between the modules open, and what keeps actors deterministic (docs/architecture.md). */
final class ArchitectureTest {

    private static final String TENSORS = "io.murmuration.tensors..";
    private static final String ACTORS = "io.murmuration.actors..";
    private static final String CLUSTER = "io.murmuration.cluster..";
    private static final String FAULTS = "io.murmuration.faults..";
    private static final String BENCH = "io.murmuration.bench..";

    /** Watch their own children: a host its peers, a shard its averaging round. */
    private static final Set<String> WATCHERS = Set.of(
            "io.murmuration.actors.run.Candidate",
            "io.murmuration.actors.run.Host",
            "io.murmuration.actors.shard.Shard");

    private static final Set<String> UNORDERED = Set.of(
            "java.util.HashMap",
            "java.util.HashSet",
            "java.util.IdentityHashMap",
            "java.util.WeakHashMap",
            "java.util.Hashtable",
            "java.util.concurrent.ConcurrentHashMap");

    private static final Set<String> CLOCKS_AND_CHANCE = Set.of(
            "java.lang.System.nanoTime",
            "java.lang.System.currentTimeMillis",
            "java.lang.System.identityHashCode",
            "java.lang.Math.random",
            "java.lang.StrictMath.random",
            "java.lang.Thread.sleep",
            "java.util.UUID.randomUUID");

    private static final JavaClasses PRODUCTION = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.murmuration");

    private record Case(ArchRule rule, List<Class<?>> planted) {}

    private static Case rule(ArchRule rule, Class<?>... planted) {
        return new Case(rule, List.of(planted));
    }

    private static ArchRule closed(String from, String... to) {
        return noClasses()
                .that()
                .resideInAPackage(from)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(to);
    }

    private static ArchRule actorsNever(DescribedPredicate<JavaAccess<?>> access) {
        return noClasses().that().resideInAPackage(ACTORS).should().accessTargetWhere(access);
    }

    private static Stream<Arguments> rules() {
        return Stream.of(
                        rule(closed(TENSORS, ACTORS, CLUSTER, FAULTS, BENCH), UsesActors.class),
                        rule(closed(ACTORS, CLUSTER, FAULTS, BENCH), io.murmuration.actors.planted.UsesCluster.class),
                        rule(closed(CLUSTER, FAULTS, BENCH), UsesFaults.class),
                        rule(closed(FAULTS, BENCH), io.murmuration.faults.planted.UsesBench.class),
                        rule(
                                noClasses()
                                        .that()
                                        .resideInAPackage("io.murmuration..")
                                        .and()
                                        .resideOutsideOfPackage(TENSORS)
                                        .should()
                                        .dependOnClassesThat()
                                        .resideInAnyPackage("org.nd4j..", "org.bytedeco.."),
                                NamesNd4j.class),
                        rule(closed(TENSORS, "org.apache.pekko.."), UsesPekko.class),
                        rule(
                                closed(
                                        ACTORS,
                                        "org.apache.pekko.stream..",
                                        "org.apache.pekko.http..",
                                        "org.apache.pekko.cluster..",
                                        "org.apache.pekko.remote..",
                                        "org.apache.pekko.io..",
                                        "org.apache.pekko.actor.typed.receptionist..",
                                        "com.esotericsoftware..",
                                        "kamon..",
                                        "java.net..",
                                        "javax.net..",
                                        "java.nio.channels..",
                                        "java.nio.file.."),
                                UsesStreams.class),
                        rule(
                                noClasses()
                                        .that()
                                        .resideInAPackage("io.murmuration..")
                                        .and()
                                        .resideOutsideOfPackages(
                                                "io.murmuration.cluster.config..",
                                                "io.murmuration.cluster.cli..",
                                                // Kamon takes its settings in this form, and its reporters must too.
                                                "io.murmuration.cluster.telemetry..",
                                                "io.murmuration.faults.scenario.file..")
                                        .and(makeNoActorSystem())
                                        .and(areNotMadeByPekko())
                                        .should()
                                        .dependOnClassesThat()
                                        .resideInAPackage("com.typesafe.config.."),
                                ReadsConfiguration.class),
                        rule(actorsNever(readClocksOrChance()), ReadsTheClock.class),
                        rule(actorsNever(dependOnHashOrder()), UnorderedCollections.class),
                        rule(actorsNever(askRouteOrRunElsewhere()), AsksAndRoutes.class),
                        rule(actorsNever(superviseByTheClock()), SupervisesByTheClock.class),
                        rule(
                                noClasses()
                                        .that()
                                        .resideInAPackage(ACTORS)
                                        .and(describe(
                                                "watch no children of their own",
                                                type -> !WATCHERS.contains(type.getName())))
                                        .should()
                                        .accessTargetWhere(describe(
                                                "an actor is watched",
                                                (JavaAccess<?> access) ->
                                                        access.getName().startsWith("watch")
                                                                && access.getTargetOwner()
                                                                        .getName()
                                                                        .endsWith("ActorContext"))),
                                Watches.class))
                .map(each -> Arguments.of(Named.of(each.rule().getDescription(), each)));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holds_in_all_that_we_ship(Case architecture) {
        assertThat(PRODUCTION.stream().map(JavaClass::getPackageName))
                .contains("io.murmuration.tensors.model", "io.murmuration.actors.run", "io.murmuration.cluster.run");
        architecture.rule().check(PRODUCTION);
    }

    /** A rule that cannot fail holds nothing. */
    @ParameterizedTest
    @MethodSource("rules")
    void is_broken_by_a_class_that_was_planted_to_break_it(Case architecture) {
        JavaClasses planted = new ClassFileImporter().importClasses(architecture.planted());
        var result = architecture.rule().evaluate(planted);
        assertThat(result.hasViolation()).isTrue();
        // Every field and method of a planted class is one way to break the rule.
        for (Class<?> type : architecture.planted()) {
            Stream.concat(
                            Stream.of(type.getDeclaredFields()).map(field -> field.getName()),
                            Stream.of(type.getDeclaredMethods())
                                    .filter(method -> !method.isSynthetic())
                                    .map(method -> method.getName()))
                    .forEach(member -> assertThat(result.getFailureReport().getDetails())
                            .as("%s of %s", member, type.getSimpleName())
                            .anyMatch(line -> line.contains("." + member)));
        }
    }

    private static DescribedPredicate<JavaClass> makeNoActorSystem() {
        return describe("make no ActorSystem", type -> type.getMethodCallsFromSelf().stream()
                .noneMatch(call -> call.getName().equals("create")
                        && call.getTargetOwner().getName().endsWith(".ActorSystem")));
    }

    /** Pekko makes these by the name of their class and passes its configuration to them, wanted or not. */
    private static DescribedPredicate<JavaClass> areNotMadeByPekko() {
        return describe("are not made by Pekko", type -> Stream.of(
                        "org.apache.pekko.actor.Scheduler",
                        "org.apache.pekko.cluster.DowningProvider",
                        "org.apache.pekko.cluster.JoinConfigCompatChecker",
                        "org.apache.pekko.dispatch.ExecutorServiceConfigurator",
                        "org.apache.pekko.dispatch.MailboxType")
                .noneMatch(type::isAssignableTo));
    }

    private static DescribedPredicate<JavaAccess<?>> readClocksOrChance() {
        return describe("a clock is read or chance is asked without a seed", access -> {
            String owner = access.getTargetOwner().getName();
            boolean unseeded = access.getName().equals("<init>")
                    && (owner.equals("java.util.Random") || owner.equals("java.util.SplittableRandom"))
                    && parameters(access) == 0;
            return unseeded
                    || CLOCKS_AND_CHANCE.contains(owner + "." + access.getName())
                    || (owner.startsWith("java.time.")
                            && (access.getName().equals("now")
                                    || access.getName().startsWith("system")))
                    || owner.equals("java.util.concurrent.ThreadLocalRandom")
                    || owner.equals("java.security.SecureRandom");
        });
    }

    private static DescribedPredicate<JavaAccess<?>> dependOnHashOrder() {
        return describe("a collection without an order of its own is made", access -> {
            String owner = access.getTargetOwner().getName();
            String name = access.getName();
            boolean made = UNORDERED.contains(owner) && (name.equals("<init>") || name.startsWith("new"));
            boolean immutable = (owner.equals("java.util.Set") || owner.equals("java.util.Map"))
                    && (name.equals("of") || name.equals("copyOf") || name.equals("ofEntries"));
            // With a supplier of the map the order is the caller's.
            boolean collected = owner.equals("java.util.stream.Collectors")
                    && (name.equals("toSet")
                            || name.startsWith("toUnmodifiable") && !name.endsWith("List")
                            || (name.equals("toMap") && parameters(access) < 4)
                            || (name.startsWith("groupingBy") && parameters(access) < 3));
            return made || immutable || collected;
        });
    }

    private static DescribedPredicate<JavaAccess<?>> askRouteOrRunElsewhere() {
        return describe("an actor is asked, routed to, or work runs on a pool of nobody's", access -> {
            String owner = access.getTargetOwner().getName();
            String name = access.getName();
            boolean async = owner.startsWith("java.util.concurrent.Complet")
                    && name.endsWith("Async")
                    && !lastParameter(access).equals("java.util.concurrent.Executor");
            boolean asked = name.startsWith("ask") && owner.startsWith("org.apache.pekko.");
            return async || asked || owner.endsWith(".Routers") || name.equals("parallelStream");
        });
    }

    private static DescribedPredicate<JavaAccess<?>> superviseByTheClock() {
        return describe("supervision has time limits or backs off", access -> {
            String owner = access.getTargetOwner().getName();
            return owner.contains("SupervisorStrategy")
                    && (access.getName().equals("withLimit")
                            || access.getName()
                                    .toLowerCase(java.util.Locale.ROOT)
                                    .contains("backoff"));
        });
    }

    private static int parameters(JavaAccess<?> access) {
        return access instanceof JavaCodeUnitAccess<?> unit
                ? unit.getTarget().getRawParameterTypes().size()
                : 0;
    }

    private static String lastParameter(JavaAccess<?> access) {
        return access instanceof JavaCodeUnitAccess<?> unit && parameters(access) > 0
                ? unit.getTarget().getRawParameterTypes().getLast().getName()
                : "";
    }
}
