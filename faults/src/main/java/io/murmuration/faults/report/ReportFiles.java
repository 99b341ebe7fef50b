package io.murmuration.faults.report;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.WholeFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a report: {@code report.json} for programs, {@code report.html} for people. */
public final class ReportFiles {

    public static final String JSON = "report.json";
    public static final String HTML = "report.html";

    private ReportFiles() {}

    /**
     * Makes the folder if it is not there: before a run, so that a long one is not in vain.
     *
     * @throws UserError if it cannot be made
     */
    public static void prepare(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UserError("cannot make the report's folder " + folder + ": " + e.getMessage(), e);
        }
        if (!Files.isWritable(folder)) {
            throw new UserError("cannot write to the report's folder " + folder);
        }
    }

    /**
     * Makes the folder if it is not there and replaces an older report in it.
     *
     * @throws UserError if it cannot be written
     */
    public static void write(ScenarioReport report, Path folder) {
        try {
            Files.createDirectories(folder);
            WholeFiles.write(folder.resolve(JSON), ReportJson.text(report).getBytes(StandardCharsets.UTF_8));
            WholeFiles.write(folder.resolve(HTML), ReportPage.of(report).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UserError("cannot write the report to " + folder + ": " + e.getMessage(), e);
        }
    }
}
