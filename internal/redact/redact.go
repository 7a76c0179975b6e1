// Package redact takes out of error texts what a model, or the person behind
// it, has no business with: stack traces, addresses inside the network, and
// the hosts and process numbers of workers.
package redact

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// hidden stands in the place of an address.
const hidden = "[address]"

// MaxLength is the longest text, in bytes, that [Text] returns.
const MaxLength = 4000

// mostRead is how much of a text is looked at: an error can hold megabytes of
// what somebody sent, and its reader polls.
const mostRead = 16 * MaxLength

var (
	// Temporal's SDK puts the worker's identity (process and host name) and
	// event numbers into the texts of these errors.
	sdkError = regexp.MustCompile(`(activity error|child workflow execution error|nexus operation error) \((?:type|workflowType): ([^,)]*)(?:, [A-Za-z]+: [^,)]*)*\)`)

	stack   = regexp.MustCompile(`(?s)\n+goroutine \d+ \[.*`)
	webURL  = regexp.MustCompile(`\bhttps?://[^\s"'<>]+`)
	dialled = regexp.MustCompile(`\b(dial|read|write) (tcp|udp|unix)[46]? [^\s:]\S*?(:?)(\s|$)`)
	looked  = regexp.MustCompile(`\blookup \S+?( on \S+?)?(:?)(\s|$)`)
	address = regexp.MustCompile(`\[?[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*[0-9A-Fa-f]\]?(?::\d+)?`)
)

// Text returns s without what the package's comment lists, cut to [MaxLength]
// bytes.
func Text(s string) string {
	s = beginning(s)
	s = stack.ReplaceAllString(s, "")
	s = sdkError.ReplaceAllString(s, "$1 ($2)")
	s = webURL.ReplaceAllStringFunc(s, internalURL)
	s = dialled.ReplaceAllString(s, "$1 $2 "+hidden+"$3$4")
	s = looked.ReplaceAllString(s, "lookup "+hidden+"$2$3")
	s = address.ReplaceAllStringFunc(s, internalAddress)
	return Cut(strings.ToValidUTF8(s, "\uFFFD"), MaxLength)
}

// beginning returns what is looked at of s, cut between words if that loses
// little: half an address would not be taken for one.
func beginning(s string) string {
	if len(s) <= mostRead {
		return s
	}
	s = s[:mostRead]
	if end := strings.LastIndexAny(s, " \t\r\n"); end >= mostRead-MaxLength {
		s = s[:end]
	}
	return s + " …"
}

// Cut shortens s to at most limit bytes, at a rune's edge, and shows that it did.
func Cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

func internalURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || internalHost(u.Hostname()) {
		return hidden
	}
	return s
}

// internalHost reports whether a name can only mean something inside a network:
// a bare name, a private suffix, or a private address.
func internalHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return internalIP(ip)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".internal", ".local", ".localdomain", ".svc", ".lan", ".intranet", ".corp", ".home.arpa"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

func internalAddress(s string) string {
	if pair, err := netip.ParseAddrPort(s); err == nil && internalIP(pair.Addr()) {
		return hidden
	}
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && internalIP(ip) {
		return hidden
	}
	return s
}

func internalIP(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
}
