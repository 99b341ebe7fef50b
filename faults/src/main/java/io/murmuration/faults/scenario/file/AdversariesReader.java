package io.murmuration.faults.scenario.file;

import com.typesafe.config.ConfigValueType;
import io.murmuration.faults.scenario.Predicate;
import io.murmuration.faults.scenario.PredicateException;
import java.util.List;
import java.util.TreeSet;

/** Reads {@code adversaries} completely, so that a file is right before it can be run, and then refuses them. */
final class AdversariesReader {

    /** Algorithms, section 6.4. */
    private static final List<String> ATTACKS = List.of(
            "sign-flip",
            "label-flip",
            "random-direction",
            "alie",
            "ipm",
            "min-max",
            "gaussian",
            "nan-inf",
            "huge-norm",
            "zero-gradient",
            "delayed",
            "replayed",
            "free-rider",
            "copycat",
            "equivocation",
            "sybils",
            "colluding-verifiers",
            "false-accuser");

    private AdversariesReader() {}

    static void refuse(World world, Fields scenario) {
        List<Fields> all = scenario.sections("adversaries");
        all.forEach(adversary -> check(world, adversary));
        if (!all.isEmpty()) {
            throw all.getFirst().wrong("not yet: adversaries come with the verification work");
        }
    }

    private static void check(World world, Fields fields) {
        new TargetReader(world).target(fields);
        String attack = fields.required("attack", "one of " + String.join(", ", ATTACKS));
        if (!ATTACKS.contains(attack)) {
            throw fields.notOneOf("attack", attack, ATTACKS);
        }
        fields.section("from").ifPresent(AdversariesReader::from);
        TreeSet<String> parameters = fields.keys();
        parameters.removeAll(List.of("target", "attack", "from"));
        for (String parameter : parameters) {
            ConfigValueType type = fields.value(parameter).orElseThrow().valueType();
            if (type == ConfigValueType.OBJECT || type == ConfigValueType.LIST) {
                throw fields.unfit(parameter, "a parameter of the attack: a number or a word");
            }
        }
    }

    private static void from(Fields from) {
        long given = List.of("step", "at", "when").stream().filter(from::has).count();
        if (given != 1) {
            throw from.wrong("expected one of step, at and when");
        }
        from.whole("step", 0, Long.MAX_VALUE);
        from.time("at");
        from.text("when").ifPresent(text -> {
            try {
                Predicate.parse(text);
            } catch (PredicateException e) {
                throw from.wrong("when", e.getMessage());
            }
        });
        from.finish();
    }
}
