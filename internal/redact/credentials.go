package redact

import (
	"regexp"
	"strings"
)

var (
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|$)`)
	scheme     = regexp.MustCompile(`(?i)\b(bearer|basic|digest|negotiate)(\s+|%20)([A-Za-z0-9._~+/\-]{6,}=*)`)

	// What stands before a credential without a sensitive name.
	userFlag   = regexp.MustCompile(`\s(?:-u|--user|--proxy-user)[\s=]+|\s-u`)
	identified = regexp.MustCompile(`(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:values\s+|password\s+)?`)

	wellKnown = regexp.MustCompile(`\b(?:` + strings.Join([]string{
		`(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}`, // AWS
		`gh[pousr]_[A-Za-z0-9]{16,}`, `github_pat_[A-Za-z0-9_]{16,}`, `glpat-[A-Za-z0-9_\-]{12,}`,
		`xox[abeoprs]-[A-Za-z0-9\-]{8,}`, `xapp-[A-Za-z0-9\-]{8,}`, // Slack
		`(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}`, `whsec_[A-Za-z0-9]{8,}`, // Stripe
		`sk-(?:[A-Za-z_\-]*[A-Z0-9][A-Za-z0-9_\-]{10,}|(?:[a-z]+[\-_])*[a-z]{20,})`, // OpenAI, Anthropic
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
	s = withoutElements(s)
	s = withoutFields(s)
	if holds(lower, "bearer", "basic", "digest", "negotiate") {
		s = replaceGroups(scheme, s, withoutToken)
	}
	if holds(lower, "-u", "--user") {
		s = withoutNext(userFlag, s, func(v string) bool { return strings.Contains(v, ":") })
	}
	if holds(lower, " -p", " -w", " -a") {
		s = withoutFlags(s)
	}
	if holds(lower, "identified") {
		s = withoutNext(identified, s, func(string) bool { return true })
	}
	return s
}

// withoutNext replaces the values behind what matches.
func withoutNext(before *regexp.Regexp, s string, isCredential func(value string) bool) string {
	var hide []span
	for _, at := range before.FindAllStringIndex(s, -1) {
		value := inlineValue(s, at[1])
		if value.from < value.to && isCredential(s[value.from:value.to]) && (len(hide) == 0 || value.from >= hide[len(hide)-1].to) {
			hide = append(hide, value.span)
		}
	}
	return without(s, hide)
}

var (
	// Each group is the programs that take a password behind one flag: that of the same
	// number in passwordFlag.
	command      = regexp.MustCompile(`(?i)\b(?:(mysql\w*|mariadb[\w\-]*|sshpass|mongo\w*|docker login)|(ldap\w+)|(redis-cli))\s`)
	passwordFlag = []*regexp.Regexp{nil, regexp.MustCompile(`[ \t]-p[ \t]*`), regexp.MustCompile(`[ \t]-w[ \t]*`), regexp.MustCompile(`[ \t]-a[ \t]*`)}
)

// withoutFlags takes out the passwords of known command lines: of each such flag, up to the
// end of the command. A flag and the word behind it can be one.
func withoutFlags(s string) string {
	var hide []span
	commands := command.FindAllStringSubmatchIndex(s, -1)
	for i, groups := range commands {
		from, to := groups[1]-1, len(s)
		if i+1 < len(commands) {
			to = commands[i+1][0]
		}
		line := s[from:to]
		if end := strings.IndexAny(line, "\n|;"); end >= 0 {
			line = line[:end]
		}
		for program := 1; program < len(passwordFlag); program++ {
			if groups[2*program] < 0 {
				continue
			}
			for _, flag := range passwordFlag[program].FindAllStringIndex(line, -1) {
				hide = appendFlag(hide, s, from+flag[0], from+flag[1], from+len(line))
			}
		}
	}
	return without(s, hide)
}

// appendFlag appends the value of the flag that stands at from, unless there is none before
// the end of the command, or another flag.
func appendFlag(hide []span, s string, from, at, end int) []span {
	isApart := strings.HasSuffix(s[from:at], " ") || strings.HasSuffix(s[from:at], "\t")
	if at >= end || isApart && s[at] == '-' {
		return hide
	}
	value := inlineValue(s, at)
	if value.from == value.to || len(hide) > 0 && value.from < hide[len(hide)-1].to {
		return hide
	}
	return append(hide, value.span)
}

const longWord = 16 // longer than the words that follow in a sentence

// withoutToken takes out what follows the scheme of an Authorization header: not
// the second word of "basic authentication".
func withoutToken(g []string) string {
	if !random.MatchString(g[3]) && len(g[3]) < longWord {
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
