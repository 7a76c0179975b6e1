package redact

import (
	"regexp"
	"slices"
	"strings"
)

// The parts of field names whose values are credentials.
const telling = `password|passwd|passphrase|pwd|secret|token|api[_\-. ]?key|access[_\-. ]?key|account[_\-. ]?key|private[_\-. ]?key|` +
	`encryption[_\-. ]?key|auth[_\-. ]?key|shared[_\-. ]?access[_\-. ]?(?:key|signature)|signature|credentials?|session[_\-. ]?(?:id|key)|x-amz-credential`

var (
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|$)`)
	// A header's value goes to the end of its line, or of the string that it is in.
	header = regexp.MustCompile(`(?i)((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)(\\*["']?\s*(?::|=>|=|%3A)\s*\\*["'\[]*)[^\r\n"'\\\]}]+`)
	scheme = regexp.MustCompile(`(?i)\b(bearer|basic|digest|negotiate)(\s+|%20)([A-Za-z0-9._~+/\-]{6,}=*)`)
	// A whole header of this scheme has quotes.
	digest  = regexp.MustCompile(`(?i)(authorization\\*["']?\s*(?::|=>|=|%3A)\s*\\*["'\[]*digest\s)[^\r\n]+`)
	element = regexp.MustCompile(`(?i)<([\w:.\-]*(?:` + telling + `)[\w:.\-]*)([^<>]*)>[^<]+`)

	curlUser   = regexp.MustCompile(`(\s(?:-u|--user|--proxy-user)[\s=]*["']?)([^\s"':]+:[^\s"']+)`)
	identified = regexp.MustCompile(`(?i)(identified\s+(?:with\s+\S+\s+)?by\s+)('[^']*'?|"[^"]*"?|\S+)`)

	wellKnown = regexp.MustCompile(`\b(?:` + strings.Join([]string{
		`(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}`, // AWS
		`gh[pousr]_[A-Za-z0-9]{16,}`, `github_pat_[A-Za-z0-9_]{16,}`, `glpat-[A-Za-z0-9_\-]{12,}`,
		`xox[abeoprs]-[A-Za-z0-9\-]{8,}`, `xapp-[A-Za-z0-9\-]{8,}`, // Slack
		`(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}`, `whsec_[A-Za-z0-9]{8,}`, // Stripe
		`sk-[A-Za-z_\-]*[A-Z0-9][A-Za-z0-9_\-]{10,}`,          // OpenAI, Anthropic
		`AIza[A-Za-z0-9_\-]{20,}`, `ya29\.[A-Za-z0-9_\-]{8,}`, // Google
		`eyJ[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)*`, // JSON Web Token
		`npm_[A-Za-z0-9]{20,}`, `pypi-[A-Za-z0-9_\-]{16,}`, `dckr_pat_[A-Za-z0-9_\-]{12,}`, `hf_[A-Za-z0-9]{16,}`,
		`SG\.[A-Za-z0-9_\-]{12,}\.[A-Za-z0-9_\-]{12,}`, `hvs\.[A-Za-z0-9_\-]{12,}`, `dop_v1_[a-f0-9]{16,}`, `AGE-SECRET-KEY-1[A-Z0-9]+`,
	}, "|") + `)`)

	// The password of a URL may hold @, : and /.
	userPart = regexp.MustCompile(`(?i)([a-z][a-z0-9+.\-]*(?:://|:%2F%2F|%3A%2F%2F))([^\s"'<>` + "`" + `]*)(?:@|%40)([^\s"'<>@` + "`" + `]*)`)
	// user:password@host without a scheme, as of a data source name.
	bare   = regexp.MustCompile(`((?:^|[\s"'(=,;` + "`" + `])(?://)?)([A-Za-z0-9._+%\-]+[:/][^\s"'<>]*)@((?:tcp|udp|unix)?\([^)\s]*\)|[A-Za-z0-9.\-\[/][^\s"'<>,;)]*)`)
	hooks  = regexp.MustCompile(`(?i)(hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[^\s"'<>]+`)
	random = regexp.MustCompile(`[A-Z0-9=+/_~]`)
)

// withoutCredentials replaces what by its place or by its form is a credential.
// Most texts have nothing that looks like one, which is found out first: the
// expressions are slow.
func withoutCredentials(s string) string {
	lower := strings.ToLower(s)
	if holds(lower, "-----begin") {
		s = privateKey.ReplaceAllString(s, redacted)
	}
	if holds(lower, "digest") {
		s = digest.ReplaceAllString(s, "${1}"+redacted)
	}
	if holds(lower, "authorization", "cookie", "x-api-key", "x-auth-token") {
		s = header.ReplaceAllString(s, "${1}${2}"+redacted)
	}
	if holds(lower, "bearer", "basic", "digest", "negotiate") {
		s = replaceGroups(scheme, s, withoutToken)
	}
	if holds(lower, "hooks.slack", "/webhooks") {
		s = hooks.ReplaceAllString(s, "$1/"+redacted)
	}
	if holds(lower, "_", "-", ".", "akia", "asia", "agpa", "aida", "aroa", "anpa", "aiza") {
		s = wellKnown.ReplaceAllString(s, redacted)
	}
	if holds(lower, "@", "%40") {
		s = replaceGroups(userPart, s, withoutUser)
		s = replaceGroups(bare, s, withoutBareUser)
	}
	if holds(lower, "pass", "pwd", "secret", "token", "key", "signature", "credential", "session") {
		s = element.ReplaceAllString(s, "<$1$2>"+redacted)
		s = withoutValues(field, s)
		s = withoutValues(flag, s)
	}
	if holds(lower, "pass", "pw", "otp", "jwt", "auth") {
		s = withoutValues(short, s)
	}
	if holds(lower, "=") {
		s = withoutValues(place, s)
	}
	if holds(lower, "-u", "--user", "identified") {
		s = curlUser.ReplaceAllString(s, "${1}"+redacted)
		s = identified.ReplaceAllString(s, "${1}"+redacted)
	}
	return s
}

func holds(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

// withoutToken takes out what follows the scheme of an Authorization header: not
// the second word of "basic authentication".
func withoutToken(g []string) string {
	if !random.MatchString(g[3]) {
		return g[0]
	}
	return g[1] + g[2] + redacted
}

// withoutBareUser takes out the user and the password before a host.
func withoutBareUser(g []string) string {
	if name, _, _ := strings.Cut(g[2], ":"); strings.EqualFold(name, "mailto") || strings.Contains(g[2], "://") {
		return g[0]
	}
	for _, network := range []string{"tcp", "udp", "unix", "("} {
		if strings.HasPrefix(g[3], network) {
			return g[1] + hidden
		}
	}
	return g[1] + redacted + "@" + g[3]
}

// withoutUser takes the user and the password out of a URL: the groups are its
// scheme, what stands before the last @, and what stands behind it.
func withoutUser(g []string) string {
	authority, path, hasPath := strings.Cut(g[2], "/")
	host, port, hasPort := strings.Cut(authority, ":")
	isHTTP := strings.HasPrefix(strings.ToLower(g[1]), "http")
	if isHTTP && hasPath && !strings.Contains(authority, "@") && strings.Contains(host, ".") && (!hasPort || isNumber(port)) {
		return g[1] + authority + "/" + path + "@" + g[3] // the @ is part of the path
	}
	return g[1] + redacted + "@" + g[3]
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// replaceGroups is ReplaceAllStringFunc with the groups of each match.
func replaceGroups(re *regexp.Regexp, s string, replace func(groups []string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = s[at[2*i]:at[2*i+1]]
			}
		}
		b.WriteString(s[end:at[0]])
		b.WriteString(replace(groups))
		end = at[1]
	}
	b.WriteString(s[end:])
	return b.String()
}
