package redact

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Suffixes of names that mean something inside a network only.
const privateSuffixes = `internal|local|localdomain|svc|lan|intranet|intra|corp|private|consul|home\.arpa|rds\.amazonaws\.com|cache\.amazonaws\.com`

var (
	anyURL   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.\-]*://[^\s"'<>` + "`" + `]*`)
	dialled  = regexp.MustCompile(`\b(dial|read|write) (tcp|udp|unix)[46]? [^\s:]\S*?(:?)(\s|$)`)
	looked   = regexp.MustCompile(`\blookup \S+?( on \S+?)?(:?)(\s|$)`)
	resolved = regexp.MustCompile(`(?i)\b((?:getaddrinfo )?(?:ENOTFOUND|EAI_AGAIN)|translate host name|resolve host(?:name)?:?|unknown ?host(?:exception)?:?|getaddrinfo(?: failed)?(?: for)?)(\s+["']?)[A-Za-z0-9][\w.\-]*`)
	named    = regexp.MustCompile(`(?i)\b((?:host|hostname|hostaddr|server|data source|bootstrap\.servers|brokers?|endpoint)=(?:tcp:)?)([^\s;,&"']+)`)
	dotted   = regexp.MustCompile(`(?i)\b((?:[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?\.)+[a-z][a-z0-9\-]*)\.?(?::\d+)?(?:/\S*)?`)
	instance = regexp.MustCompile(`(?i)\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b[a-z0-9.\-]*(?::\d+)?`)
	local    = regexp.MustCompile(`(?i)\blocalhost\b(?::\d+)?`)
	socket   = regexp.MustCompile(`(?:/[\w.\-]+)+\.sock\b`)
	service  = regexp.MustCompile(`(^|[\s"'(\[=,;@>` + "`" + `])([A-Za-z][A-Za-z0-9_\-]*):(\d{2,5})\b`)
	address  = regexp.MustCompile(`\[?[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*[0-9A-Fa-f](?:%[A-Za-z0-9]+)?\]?(?::\d+)?`)
)

// Words that stand before a colon and a number without being a host.
var notHosts = map[string]bool{
	"code": true, "status": true, "line": true, "column": true, "col": true, "row": true, "error": true, "errno": true, "http": true, "port": true,
	"id": true, "attempt": true, "attempts": true, "retry": true, "retries": true, "step": true, "page": true, "version": true, "at": true,
	"pid": true, "size": true, "length": true, "count": true, "total": true, "position": true, "pos": true, "offset": true, "byte": true, "bytes": true,
	"index": true, "ratio": true, "score": true, "level": true, "number": true, "no": true,
	"timeout": true, "limit": true, "amount": true, "exit": true, "year": true, "got": true, "want": true, "expected": true, "max": true, "min": true,
}

// withoutAddresses replaces hosts and addresses inside the network.
func withoutAddresses(s string) string {
	lower := strings.ToLower(s)
	if holds(lower, "://") {
		s = anyURL.ReplaceAllStringFunc(s, internalURL)
	}
	if holds(lower, "dial ", "read ", "write ", "lookup ") {
		s = dialled.ReplaceAllString(s, "$1 $2 "+hidden+"$3$4")
		s = looked.ReplaceAllString(s, "lookup "+hidden+"$2$3")
	}
	if holds(lower, "host", "enotfound", "eai_again", "getaddrinfo") {
		s = resolved.ReplaceAllString(s, "${1}${2}"+hidden)
		s = local.ReplaceAllString(s, hidden)
	}
	if holds(lower, "=") {
		s = replaceGroups(named, s, withoutHost)
	}
	if holds(lower, ".") {
		s = replaceGroups(dotted, s, withoutName)
		s = socket.ReplaceAllString(s, hidden)
	}
	if holds(lower, "ip-") {
		s = instance.ReplaceAllString(s, hidden)
	}
	if holds(lower, ":") {
		s = replaceGroups(service, s, withoutService)
	}
	if holds(lower, ".", ":") {
		s = address.ReplaceAllStringFunc(s, internalAddress)
	}
	return s
}

// withoutHost takes out the value of a field that names a host.
func withoutHost(g []string) string {
	if host, _, _ := strings.Cut(g[2], ":"); g[2] == hidden || !internalHost(host) {
		return g[0]
	}
	return g[1] + hidden
}

// withoutName takes out a name with a private suffix.
func withoutName(g []string) string {
	if !privateName.MatchString(g[1]) {
		return g[0]
	}
	return hidden
}

// withoutService takes out a bare name with a port: not "code:137", nor "room:204", for
// services have few ports below 1024.
func withoutService(g []string) string {
	port, _ := strconv.Atoi(g[3])
	if notHosts[strings.ToLower(g[2])] || port > 65535 || port < 1024 && !lowPorts[port] {
		return g[0]
	}
	return g[1] + hidden
}

// lowPorts are those below 1024 on which services listen inside a network.
var lowPorts = map[int]bool{22: true, 25: true, 53: true, 80: true, 88: true, 110: true, 143: true, 389: true, 443: true, 445: true, 465: true, 587: true, 636: true, 993: true}

// internalURL hides a URL whose host is inside the network, or that cannot be
// read.
func internalURL(s string) string {
	_, rest, _ := strings.Cut(s, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	for one := range strings.SplitSeq(authority, ",") { // as of a replica set
		if internalHost(hostOf(one)) {
			return hidden
		}
	}
	return s
}

// hostOf returns the host of an authority without its port.
func hostOf(authority string) string {
	if strings.HasPrefix(authority, "[") {
		host, _, _ := strings.Cut(authority[1:], "]")
		return host
	}
	host, _, _ := strings.Cut(authority, ":")
	host, _, _ = strings.Cut(host, "?")
	return strings.TrimRight(host, ".,;)")
}

var privateName = regexp.MustCompile(`(?i)(?:^|\.)(?:` + privateSuffixes + `)$`)

// internalHost reports whether a name can only mean something inside a network:
// a bare name, a private suffix, or a private address.
func internalHost(host string) bool {
	host, _, _ = strings.Cut(host, "%")
	if ip, err := netip.ParseAddr(host); err == nil {
		return internalIP(ip)
	}
	host = strings.TrimSuffix(host, ".")
	return !strings.Contains(host, ".") || privateName.MatchString(host)
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

// shared is the address space of carriers, which clouds use inside (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func internalIP(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || shared.Contains(ip)
}
