package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.config.LoadedHttp;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.http.ApiClient;
import io.murmuration.cluster.local.ClusterFile;
import io.murmuration.cluster.security.TlsSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import picocli.CommandLine.Option;

/** The options that say which node is asked. */
final class ApiOptions {

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "HTTP API of any node of the cluster, as in http://127.0.0.1:25522.")
    private Optional<String> url = Optional.empty();

    @Option(
            names = "--cluster",
            paramLabel = "DIR",
            description =
                    "Folder of a cluster that bin/murmuration local has started: the first node there that answers.")
    private Optional<Path> cluster = Optional.empty();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings of a node, whose node.http says where its API is; else config/application.conf.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description =
                    "What that API wants (node.http.token); better as MURMURATION_NODE_HTTP_TOKEN, which others cannot"
                            + " see in the list of processes.")
    private Optional<String> token = Optional.empty();

    /**
     * Asks the node that the options name.
     *
     * @param node if it is given, and the folder of a cluster too, that one of its nodes
     * @throws UserError if nobody answers
     */
    <T> T ask(Surroundings surroundings, Optional<String> node, Function<ApiClient, T> question) {
        if (url.isPresent() && cluster.isPresent()) {
            throw new UserError("--url and --cluster both say whom to ask: expected one of them");
        }
        LoadedHttp loaded = surroundings.settings(config).loadHttp();
        Optional<String> secret = token.or(() -> loaded.http().token().map(HttpSettings.Token::secret));
        Optional<SSLContext> tls = loaded.tls()
                .map(files -> new TlsSettings(files.authority(), files.certificate(), files.key()).context());
        List<String> urls = cluster.map(folder -> ClusterFile.read(folder).urls(node))
                .orElseGet(() -> List.of(url.orElseGet(loaded::url)));
        Optional<UserError> last = Optional.empty();
        for (String one : urls) {
            try (ApiClient client = new ApiClient(one, secret, tls)) {
                return question.apply(client);
            } catch (UserError e) {
                last = Optional.of(e);
            }
        }
        throw last.orElseThrow(() -> new UserError("the cluster has no nodes"));
    }
}
