package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs every case of every manifest: always those of our own set, and those below {@code -Dgolden.dir} when it is set.
 * A case that nothing can compute yet is reported as skipped under its name; a case without expected tensors only
 * carries inputs of others.
 */
class GoldenTest {

    @TestFactory
    Stream<DynamicNode> our_own_reference_numbers() throws URISyntaxException {
        URI own = GoldenTest.class.getResource("/golden").toURI();
        return groups(Path.of(own));
    }

    @TestFactory
    Stream<DynamicNode> further_reference_numbers() {
        String folder = System.getProperty("golden.dir", "");
        if (folder.isEmpty()) {
            return Stream.of(dynamicTest("golden.dir", () -> abort("-Dgolden.dir is not set: nothing to add")));
        }
        if (!Files.isDirectory(Path.of(folder))) {
            return Stream.of(dynamicTest("golden.dir", () -> fail("-Dgolden.dir: expected a folder, got " + folder)));
        }
        return groups(Path.of(folder));
    }

    private static Stream<DynamicNode> groups(Path set) {
        List<GoldenGroup> groups = GoldenGroup.in(set);
        assertThat(groups).as("groups in %s", set).isNotEmpty();
        return groups.stream().map(GoldenTest::group);
    }

    private static DynamicNode group(GoldenGroup group) {
        boolean inUse =
                group.cases().stream().anyMatch(testCase -> check(testCase).isPresent());
        Map<String, Runnable> further = new LinkedHashMap<>();
        GoldenChecks.MANIFESTS.forEach(check -> further.putAll(check.checks(group)));
        if (!inUse && further.isEmpty()) {
            return dynamicTest(group.name(), () -> abort("nothing computes the group " + group.name() + " yet"));
        }
        List<DynamicNode> tests = new ArrayList<>();
        for (GoldenCase testCase : group.cases()) {
            if (!testCase.expected().isEmpty()) {
                tests.add(dynamicTest(testCase.name(), () -> run(testCase)));
            }
        }
        further.forEach((name, check) -> tests.add(dynamicTest(name, check::run)));
        return dynamicContainer(group.name(), tests);
    }

    private static void run(GoldenCase testCase) {
        String name = testCase.group().name() + "/" + testCase.name();
        GoldenCheck check = check(testCase).orElseGet(() -> abort("no check for the case " + name + " yet"));
        check.run(testCase);
        assertThat(testCase.unchecked())
                .as("%s: expected tensors that the check did not compare", name)
                .isEmpty();
    }

    private static Optional<GoldenCheck> check(GoldenCase testCase) {
        return GoldenChecks.ALL.stream()
                .filter(check -> check.supports(testCase.group().name(), testCase.json()))
                .findFirst();
    }
}
