package io.murmuration.faults.report;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text that goes into a page. */
final class Html {

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z-]+)}}");

    private Html() {}

    /** Text of anybody, safe between tags and inside quoted attributes. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** JSON inside a script element: no text in it can end the element or open a comment. */
    static String script(String json) {
        return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
    }

    /** Puts parts where the template has <code>{{name}}</code>; what is in a part is not looked at again. */
    static String fill(String template, Map<String, String> parts) {
        Matcher matcher = PLACEHOLDER.matcher(template);
        StringBuilder page = new StringBuilder();
        while (matcher.find()) {
            String part = parts.get(matcher.group(1));
            if (part == null) {
                throw new IllegalStateException("the template asks for " + matcher.group() + ", which nobody has");
            }
            matcher.appendReplacement(page, Matcher.quoteReplacement(part));
        }
        return matcher.appendTail(page).toString();
    }
}
