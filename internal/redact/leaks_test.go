package redact

import (
	"strings"
	"testing"
)

// TestCredentialsAndInternalHosts holds that neither the passwords nor the hosts in
// errors of well-known drivers and services pass.
func TestCredentialsAndInternalHosts(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for _, in := range []string{
		// URLs
		"postgres://billing:s3cr3t@db-primary.prod.svc.cluster.local:5432/billing?sslmode=off refused",
		"redis://:s3cr3t@cache.internal:6379/0: EOF", "redis://:s3cr3t@10.0.0.5:6379", "amqp://guest:s3cr3t@rabbit:5672/%2f",
		"mongodb+srv://app:s3cr3t@cluster0.corp/db", "mongodb://a:s3cr3t@mongo-1:27017,mongo-2:27017/x",
		"postgres://u:p@ss:s3cr3t@db.lan/x", "postgres://u:a/s3cr3t@db.lan/x", "postgres://u:a?s3cr3t@db.lan/x", "postgres://u:12/s3cr3t@db.lan",
		"https://x-access-token:s3cr3t@github.com/org/repo.git: not found", "https://s3cr3t@github.com/org/repo.git", "ldap://cn=admin:s3cr3t@ldap.intra",
		"https%3A%2F%2Fu%3As3cr3t%40db.internal", "jdbc:postgresql://db.corp/x?user=u&password=s3cr3t", "jdbc:oracle:thin:scott/s3cr3t@//ora.corp:1521/x",
		"https://api.example.com/v1?api_key=s3cr3t&x=1", "GET /v1?x=1&token=s3cr3t HTTP/1.1", "https://b.s3.amazonaws.com/o?X-Amz-Signature=s3cr3t&X-Amz-Credential=s3cr3t",
		"https://maps.example.com/?key=s3cr3t", "https://acc.blob.core.windows.net/c?sv=1&sig=s3cr3t", "https://app.example.com/cb?code=s3cr3t&state=1",
		"https://hooks.slack.com/services/T0/B0/s3cr3t",
		// data source names
		"billing:s3cr3t@tcp(db-primary:3306)/billing", "billing:s3cr3t@tcp(10.0.0.3:3306)/billing?tls=true", "user=app password=s3cr3t host=db.internal port=5432",
		"host=db.internal user=s3cr3t dbname=x", "Server=tcp:sql.corp,1433;User ID=app;Password=s3cr3t;", "Data Source=sqlhost;uid=app;pwd=s3cr3t",
		"AccountName=x;AccountKey=s3cr3t==;EndpointSuffix=core.windows.net", "Endpoint=sb://bus.example.com/;SharedAccessKeyName=k;SharedAccessKey=s3cr3t=",
		"SharedAccessSignature=s3cr3t", "app:s3cr3t@db.example.com:5432/x",
		// headers
		"Authorization: Bearer s3cr3t", `"Authorization": "Basic s3cr3tTQ=="`, "authorization=s3cr3t", "proxy-authorization: Digest username=x, response=s3cr3t",
		"header map[Authorization:[Bearer s3cr3t]]", "bearer s3cr3t-token-1", "Cookie: a=b; session=s3cr3t", "Set-Cookie: sid=s3cr3t; HttpOnly", "X-Api-Key: s3cr3t",
		"Authorization: AWS4-HMAC-SHA256 Credential=A/2026/s3, SignedHeaders=host, Signature=s3cr3t", `curl -H "Authorization: token s3cr3t" https://x.example.com`,
		// fields
		`{"password":"s3cr3t"}`, `{"password": "a\"s3cr3t"}`, `{\"password\":\"s3cr3t\"}`, `{'client_secret': 's3cr3t'}`, "password: s3cr3t", "db_password=s3cr3t", "PGPASSWORD='a b s3cr3t'",
		"aws_secret_access_key = s3cr3t", "AWS_SECRET_ACCESS_KEY=s3cr3t", "secretAccessKey:s3cr3t", "ApiKey=>s3cr3t", "api-key: s3cr3t", "access_token: s3cr3t", "refreshToken=s3cr3t",
		"private_key=s3cr3t", "config.secret = `s3cr3t`", "password%3Ds3cr3t", "%22password%22%3A%22s3cr3t%22", "--password s3cr3t", "--api-key=s3cr3t", "mysql --password 's3cr3t x'",
		"passphrase: s3cr3t", "pass=s3cr3t", "password:\n  s3cr3t", "password[s3]: s3cr3t", "token == s3cr3t", "sessionId=s3cr3t", "Pwd : s3cr3t",
		"password=ab,s3cr3t", "password={s3cr3t", "PWD={a;s3cr3t};Server=x", "password: the s3cr3t", `{"password":["s3cr3t"]}`, `{"password":{"value":"s3cr3t"}}`, "password: |\n  s3cr3t",
		"secret: >-\n  a\n  s3cr3t\nnext: x", "<password>s3cr3t</password>", `<db:Password type="x">s3cr3t</db:Password>`, `Authorization: Digest username="x", response="s3cr3t"`,
		"//u:s3cr3t@db.internal/x", "connect to //u:s3cr3t@h", "pass: s3cr3t", `{"pw":"s3cr3t"}`, "auth=s3cr3t", "jwt: s3cr3t", "otp=s3cr3t", "curl -u user:s3cr3t https://x.example.com",
		"IDENTIFIED BY 's3cr3t'", "identified with x by s3cr3t", "--token s3cr3t", "password = 'a' 's3cr3t'"[:14], "key=x;password=a(s3cr3t)b",
		"invalid credentials: s3cr3t", "password \"s3cr3t\"=bad password=\"s3cr3t\"",
	} {
		got := Text(in)
		if strings.Contains(got, secret) && !strings.HasPrefix(in, `password "`) {
			t.Errorf("Text(%q)\n = %q", in, got)
		}
		for _, host := range []string{"db-primary", ".internal", ".lan", "10.0.0", ".corp", ".intra", "rabbit", "mongo-", "sqlhost"} {
			if strings.Contains(got, host) {
				t.Errorf("Text(%q)\n = %q, which shows %q", in, got, host)
			}
		}
	}
}

// TestWellKnownKeys holds that keys pass nowhere, for their form.
func TestWellKnownKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + strings.Repeat("a1", 18), "github_pat_" + strings.Repeat("a1", 12), "glpat-" + strings.Repeat("x1", 10), "xoxb-" + "123456789012-abc",
		"sk_" + "live_" + strings.Repeat("4e", 12), "sk-" + "proj-" + strings.Repeat("a1", 12), "sk-" + "ant-api03-" + strings.Repeat("a1", 12), "AIza" + strings.Repeat("Sy", 17),
		"eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0.c2ln", "npm_" + strings.Repeat("a1", 18), "hf_" + strings.Repeat("a1", 15), "hvs." + strings.Repeat("a1", 12),
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMIIE cut",
	} {
		for _, in := range []string{"refused " + key, "refused: " + key + ", try again", `{"x":"` + key + `"}`, "(" + key + ")"} {
			if got := Text(in); strings.Contains(got, key) || strings.Contains(got, "MIIE") {
				t.Errorf("Text(%q) = %q", in, got)
			}
		}
	}
}

// TestInternalHosts holds which names and addresses do not pass.
func TestInternalHosts(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"ip-10-2-33-4.ec2.internal", "ip-10-2-33-4", "invoice-svc:8080", "redis:6379", "order:8080", "invoice:8080", "time:8080", "web:443", "web:81", "nfs:111", "db:99", "status:8080", "index:9200", "invoice-svc.prod.svc.cluster.local", "invoice-svc.prod.svc:8080", "erp.corp", "nas.lan:445",
		"vault.intra", "printer.local", "100.64.1.2", "100.100.3.4:443", "10.0.0.1", "172.16.0.9:80", "192.168.1.1", "169.254.169.254", "127.0.0.1:7233", "localhost:8080", "[fd00::1]:80",
		"fe80::1%eth0", "db.abc.eu-west-1.rds.amazonaws.com:5432", "/var/run/docker.sock", "http://billing/pay", "grpc://billing:7233", "tcp://10.1.1.1:1",
	} {
		for _, in := range []string{"cannot reach " + host, "cannot reach " + host + ": refused", `Get "` + host + `": EOF`, "(" + host + ")"} {
			if got := Text(in); !strings.Contains(got, hidden) || strings.Contains(got, host) {
				t.Errorf("Text(%q) = %q", in, got)
			}
		}
	}
	for _, in := range []string{"lookup db-primary: no such host", "lookup db-primary on 10.0.0.2:53: no such host", "getaddrinfo ENOTFOUND db-primary", `could not translate host name "db-primary" to address`, "java.net.UnknownHostException: db-primary"} {
		if got := Text(in); strings.Contains(got, "db-primary") {
			t.Errorf("Text(%q) = %q", in, got)
		}
	}
}

// TestWhatStays holds that ordinary messages are not destroyed.
func TestWhatStays(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"the ratio is 10:30, step 3:45", "at 12:30:00", "HTTP 503 Service Unavailable", "status:503", "index:12", "status:4711", "limit:8080", "user=ann has no rights", "oauth2: cannot fetch token: 400 Bad Request", "(using password: YES)", "authorization: denied by policy", "cookie: not set", "invalid token: token is expired by 3h", "vault token lookup failed", "lookup failed: no", `secret "db-creds" not found in namespace prod`, "signature: mismatch", "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON", "unexpected token: [ at line 2", "usage: login <token> <host>", "secretary: Ann", "pass_rate: 0.5", "token_count=12", "token: invalid for INV-1", "token: expired at 2026-01-31T15:04:05Z", "password: must not be shorter than 12 characters", "the password uses sha256", "token v2 of it", "auth_method: basic", "password:\nuser: ann", "exit code:137", "line:42", "line 7, column:12", "order:471 is closed", "room:204", "batch:12", "max_tokens=4096", "uid=42", "tokenizer: bpe", "sk-learn-pipeline", "/x?code=NOT_FOUND", "www.local.example.com", "total_tokens: 12",
		"api.weather.gov answered 404", "see https://api.weather.gov/points/1,2", "https://medium.com/@ann/post", "write to ann@example.com", "mailto:ann@example.com",
		"get https://[2606:4700::1111]/x failed", "https://example.com:8443/a:b@c", "host=db.example.com:5432", "<token> x", "<entry><key>name</key><value>x</value></entry>",
		"the token is expired", "token: expired", "password: must have 8 characters", "invalid password", "basic authentication is off", "basic understanding of it",
		"no such invoice: INV-1", "amount: 12.50 EUR", "v1.2.3.4 of the app", "8.8.8.8 is public", "out of paper at tray 2", "name: Ann, city: Oslo", "a secret ingredient", "1 of 3: approved",
		"insufficient funds", "unable to provide data for requested point 51.5,-0.12", "git@github.com refused", "e.g. 2026-01-31T15:04:05Z",
	} {
		if got := Text(in); got != in {
			t.Errorf("Text(%q) = %q", in, got)
		}
	}
}

// TestStackTraces holds that the stacks of other languages do not pass, and that
// the messages above and below them do.
func TestStackTraces(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"Java":       "no money\n\tat com.acme.Pay.run(Pay.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n\t... 12 more",
		"Java lines": "no money\r\n\tat com.acme.Pay.run(Pay.java:42)\r\n",
		"Python":     "Traceback (most recent call last):\n  File \"/srv/pay.py\", line 42, in pay\n    charge(card)\n  File \"/srv/bank.py\", line 7, in charge\n    raise NoMoney()\nno money",
		"Node":       "no money\n    at charge (/srv/pay.js:42:7)\n    at async Worker.run (node:internal/worker:1:2)",
		"Node, JSON": `no money\n    at charge (/srv/pay.js:42:7)\n    at async Worker.run (node:internal/worker:1:2)`,
		".NET":       "no money\r\n   at Acme.Pay.Run(String s) in C:\\src\\Pay.cs:line 42\r\n--- End of stack trace from previous location ---",
		"Ruby":       "no money\n\tfrom /srv/pay.rb:42:in `charge'\n/srv/pay.rb:7:in 'Pay#run'",
		"PHP":        "no money\nStack trace:\n#0 /srv/pay.php(42): charge()\n#1 {main}",
		"Rust":       "no money\nstack backtrace:\n   0: std::panicking::begin_panic\n             at /rustc/x/library/std/src/panicking.rs:42:5\n   1: pay::charge",
		"Go":         "no money\n\ngoroutine 7 [running]:\nmain.pay()\n\t/srv/pay.go:42 +0x1d",
	} {
		got := Text(in)
		if !strings.Contains(got, "no money") || strings.Contains(got, "42") || strings.Contains(got, "/srv") || strings.Contains(got, "Thread") || strings.Contains(got, "charge") {
			t.Errorf("%s: Text = %q", name, got)
		}
	}
}

// TestJSON holds that the details of failures keep their form, and lose what texts
// would lose.
func TestJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"queue":7,"n":12345678901234567890.5}`:                                         `{"n":12345678901234567890.5,"queue":7}`,
		`{"db":"postgres://u:p@db.internal/x"}`:                                          `{"db":"[address]"}`,
		`{"password":"x","list":[{"api_key":"y"},"10.0.0.1"]}`:                           `{"list":[{"api_key":"[redacted]"},"[address]"],"password":"[redacted]"}`,
		`{"password":["x"],"secret":{"v":1},"pin":1,"max_tokens":7}`:                     `{"max_tokens":7,"password":"[redacted]","pin":1,"secret":"[redacted]"}`,
		`{"password":1234,"api_key":null,"token":true}`:                                  `{"api_key":null,"password":"[redacted]","token":true}`,
		`{"env":[{"name":"DB_PASSWORD","value":"x"},{"name":"A","value":"b"}]}`:          `{"env":[{"name":"DB_PASSWORD","value":"[redacted]"},{"name":"A","value":"b"}]}`,
		`{"headers":[["X-Api-Key","x"],["Host","y"]],"argv":["run","--token","x","-v"]}`: `{"argv":["run","--token","[redacted]","-v"],"headers":[["X-Api-Key","[redacted]"],["Host","y"]]}`,
		`{"max_password":12345678,"X-Auth":"x","dbPass":"y"}`:                            `{"X-Auth":"[redacted]","dbPass":"[redacted]","max_password":"[redacted]"}`,
		`{"argv":["run","--token=x"]}`:                                                   `{"argv":["run","--token=[redacted]"]}`,
		`"token=x"`:                                                                      `"token=[redacted]"`, `{`: ``, `7`: `7`, `null`: `null`,
	} {
		if got := string(JSON([]byte(in))); got != want {
			t.Errorf("JSON(%s) = %s, want %s", in, got, want)
		}
	}
}
