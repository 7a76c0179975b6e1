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
	looked   = regexp.MustCompile(`\blookup (\S+?)( on \S+?)?(:)(\s|$)`)
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
var notHosts = words(`at attempt attempts amount byte bytes code col column count errno error exit expected got id length level limit line max min
	no number offset page pid port pos position ratio retries retry row score size status step timeout total version want year http`)

// Such words that are names of services, too: with a port of one they are.
var maybeHosts = words(`status index error level score page version id http count total code`)

// Names of services, whatever the port.
var services = words(`admin api app auth backend broker cache consul db elastic elasticsearch etcd frontend gateway grafana grpc kafka kibana ldap mail
	mariadb memcached minio mongo mongodb mysql nats nfs nginx pg postgres postgresql prometheus proxy rabbit rabbitmq redis s3 server service smtp
	sql temporal vault web webhook worker www zookeeper`)

// servicePorts are those of 1024 and more with a well-known service.
var servicePorts = map[int]bool{
	1433: true, 1521: true, 2181: true, 2375: true, 2376: true, 2379: true, 3000: true, 3306: true, 4222: true, 5000: true, 5432: true, 5601: true, 5672: true,
	6379: true, 6443: true, 7233: true, 8000: true, 8080: true, 8081: true, 8200: true, 8443: true, 8500: true, 8888: true, 9000: true, 9042: true, 9090: true,
	9092: true, 9093: true, 9200: true, 9300: true, 11211: true, 15672: true, 26379: true, 27017: true, 50051: true,
}

// lowPorts are those below 1024 on which services listen inside a network.
var lowPorts = map[int]bool{
	21: true, 22: true, 23: true, 25: true, 53: true, 80: true, 81: true, 82: true, 88: true, 110: true, 111: true, 123: true, 135: true, 139: true, 143: true,
	161: true, 179: true, 389: true, 443: true, 445: true, 465: true, 514: true, 515: true, 548: true, 587: true, 631: true, 636: true, 873: true, 993: true, 995: true,
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// withoutAddresses replaces hosts and addresses inside the network.
func withoutAddresses(s string) string {
	lower := strings.ToLower(s)
	if holds(lower, "://") {
		s = anyURL.ReplaceAllStringFunc(s, internalURL)
	}
	if holds(lower, "dial ", "read ", "write ", "lookup ") {
		s = dialled.ReplaceAllString(s, "$1 $2 "+hidden+"$3$4")
		s = replaceGroups(looked, s, withoutLooked)
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

// withoutLooked takes out the host whose address was looked up: not the end of "lookup failed:".
func withoutLooked(g []string) string {
	if g[2] == "" && prose.MatchString(g[1]) {
		return g[0]
	}
	return "lookup " + hidden + g[3] + g[4]
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
	name := strings.ToLower(g[2])
	port, _ := strconv.Atoi(g[3])
	switch {
	case port > 65535:
		return g[0]
	case notHosts[name]:
		if !maybeHosts[name] || !servicePorts[port] {
			return g[0]
		}
	case port < 1024 && !lowPorts[port] && !services[name]:
		return g[0]
	}
	return g[1] + hidden
}

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
