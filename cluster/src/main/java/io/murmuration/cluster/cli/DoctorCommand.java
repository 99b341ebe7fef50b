package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.ComputeProbe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code murmuration doctor}: looks at the machine, one line per thing, and says what to do where one is red. */
@Command(
        name = "doctor",
        description = "Says whether this machine can train, and what to do if not (exit code 1).",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {

    private final ComputeProbe compute;
    private final Surroundings surroundings;

    DoctorCommand(ComputeProbe compute, Surroundings surroundings) {
        this.compute = compute;
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        List<Check> checks = new ArrayList<>();
        checks.add(MachineChecks.jdk());
        checks.add(MachineChecks.vectors());
        checks.add(MachineChecks.compute(compute));
        checks.add(MachineChecks.memory());
        checks.add(MachineChecks.ports());
        checks.add(MachineChecks.clock(surroundings.clock()));
        checks.add(MachineChecks.writable("temporary", Path.of(System.getProperty("java.io.tmpdir"))));
        checks.add(MachineChecks.writable("home", Path.of(System.getProperty("user.home"))));
        checks.addAll(settings());
        checks.forEach(check -> surroundings.terminal().out().println(check.line()));
        surroundings.terminal().out().flush();
        return checks.stream().anyMatch(Check::red) ? ExitCode.FAILED : ExitCode.OK;
    }

    private List<Check> settings() {
        try {
            RunSettings settings =
                    surroundings.settings(Optional.empty()).load().settings();
            return List.of(
                    Check.ok("settings", "config/application.conf and the environment are fine"),
                    MachineChecks.model(settings),
                    MachineChecks.writable("output", settings.out()));
        } catch (UserError e) {
            return List.of(Check.red("settings", e.getMessage(), "correct that"));
        }
    }
}
