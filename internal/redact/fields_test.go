package redact

import (
	"strings"
	"testing"
)

// TestNoExemption holds that no exception made for ordinary words lets a credential pass.
func TestNoExemption(t *testing.T) {
	t.Parallel()
	for in, leaks := range map[string][]string{
		"max_password: 12345678":                     {"12345678"},
		"total_secret=471":                           {"471"},
		"min_api_key: 4711":                          {"4711"},
		"tokenizer_secret: x1y2":                     {"x1y2"},
		"secretary_password: x1y2":                   {"x1y2"},
		"https://a.example.com/x?key=SECRET_KEY":     {"SECRET_KEY"},
		"https://a.example.com/x?code=SECRETONE":     {"SECRETONE"},
		"https://a.example.com/x?a=1&amp;key=geheim": {"geheim"},
		"https%3A%2F%2Fa.example.com%3Fkey%3Dgeheim": {"geheim"},
		"refused sk-" + "abcdefghijklmnopqrstuvwxyz": {"abcdefghij"},
		"refused sk-" + "ant-abcdefghijklmnopqrstuv": {"abcdefghij"},
		"password: the geheim":                       {"geheim"},
		"password: the quick brown fox":              {"quick", "brown", "fox"},
		"passphrase: quick brown fox":                {"quick", "brown", "fox"},
		"password: must not be hunter2":              {"hunter2"},
		`password: was "geheim"`:                     {"geheim"},
		"the password is hunter2":                    {"hunter2"},
		"invalid password 'geheim'":                  {"geheim"},
		"wrong api key \"geheim\"":                   {"geheim"},
		"db_pass=geheim":                             {"geheim"}, "dbPass: geheim": {"geheim"}, "DBPass2=geheim": {"geheim"}, "--db-pass geheim": {"geheim"}, "--db-pass=geheim": {"geheim"},
		`{"X-Auth":"geheim"}`: {"geheim"}, "passcode: geheim": {"geheim"}, "Passwort: geheim": {"geheim"}, "api key: geheim": {"geheim"}, "secret key = geheim": {"geheim"},
		"session id: geheim": {"geheim"}, "private key: geheim": {"geheim"}, "DB_PSK=geheim": {"geheim"}, "creds=geheim": {"geheim"}, `["--password", "geheim"]`: {"geheim"},
		"['--token','geheim']": {"geheim"}, "password=a<geheim": {"geheim"}, "password: <geheim>": {"geheim"}, "password=a&geheim": {"geheim"}, "password: &a geheim": {"geheim"},
		"password: !vault geheim": {"geheim"}, `password=a"geheim`: {"geheim"}, "password=a'geheim'": {"geheim"}, `password="a"geheim`: {"geheim"}, `password=a\ geheim`: {"geheim"},
		"PASSWORD=$(echo geheim)": {"geheim"}, "Password for ann: geheim": {"geheim"}, "password of user ann = geheim": {"geheim"}, "password\tgeheim": {"geheim"},
		"Bearer abcdefghijklmnop": {"abcdef"}, "bearer: geheim": {"geheim"}, "AWS_SECRET_ACCESS_KEY s3cr3tkey": {"s3cr3tkey"}, "user=ann password=x host=db": {"ann"}, "user=ann,password=geheim": {"geheim"},
	} {
		holdsBack(t, in, leaks)
	}
}

// TestNestedValues holds that values end where the notation that they stand in ends them.
func TestNestedValues(t *testing.T) {
	t.Parallel()
	for in, leaks := range map[string][]string{
		`{"password":["a","geheim`:                                  {"geheim"},
		`{"password":{"a":{"b":"geheim`:                             {"geheim"},
		"{\"password\": [\n  \"a\",\n  \"geheim":                    {"geheim"},
		`{"password":"a\"geheim`:                                    {"geheim"},
		`{'password': ['a]b', 'geheim']}`:                           {"geheim"},
		`{"password":["a]\"]","geheim"]}`:                           {"geheim"},
		`"{\"password\":[\"a]\",\"geheim\"]}"`:                      {"geheim"},
		`"{\"a\":\"{\\\"password\\\":\\\"x\\\\\\\"geheim\\\"}\"}"`:  {"geheim"},
		`&quot;password&quot;:&quot;a geheim&quot;`:                 {"geheim"},
		`\u0022password\u0022:\u0022a geheim\u0022`:                 {"geheim"},
		"<password><value>geheim</value></password>":                {"geheim"},
		"<password><value>geheim":                                   {"geheim"},
		"<password>\n  <value>geheim":                               {"geheim"},
		"<password><![CDATA[a<b geheim]]></password>":               {"geheim"},
		"&lt;password&gt;a geheim&lt;/password&gt;":                 {"geheim"},
		`\u003cpassword\u003ea geheim\u003c/password\u003e`:         {"geheim"},
		`<user name="ann" password="a geheim"/>`:                    {"geheim"},
		`<add key="Password" value="a geheim"/>`:                    {"geheim"},
		"<key>password</key>\n<string>a geheim</string>":            {"geheim"},
		"<name>db.password</name><value>geheim</value>":             {"geheim"},
		"passwords:\n  - geheim\n  - other\nname: ann":              {"geheim", "other"},
		"passwords:\n- geheim\n- other\nname: ann":                  {"geheim", "other"},
		"  password: |\n    first\n\n    geheim\n  name: ann":       {"geheim"},
		"password: >\n\n  geheim\nname: ann":                        {"geheim"},
		"password: # of the database\n  geheim":                     {"geheim"},
		"password: first\n  geheim\nname: ann":                      {"geheim"},
		"- password:\n    a: geheim\n    b: other\n- name: ann":     {"geheim", "other"},
		`"password: |\n  geheim\n"`:                                 {"geheim"},
		`{"name":"DB_PASSWORD","value":"geheim"}`:                   {"geheim"},
		`{"value":"geheim","name":"DB_PASSWORD"}`:                   {"geheim"},
		`{"name":"DB_PASSWORD","from":{"x":1},"value":"geheim"}`:    {"geheim"},
		`{\"name\":\"DB_PASSWORD\",\"value\":\"geheim\"}`:           {"geheim"},
		"- name: DB_PASSWORD\n  value: geheim\n- name: x":           {"geheim"},
		"{Name:DB_PASSWORD Value:geheim}":                           {"geheim"},
		`{"headers":[{"key":"Authorization","value":"a geheim"}]}`:  {"geheim"},
		`{"headers":[["X-Api-Key","geheim"]]}`:                      nil, // see TestJSON
		"password='a''geheim'":                                      {"geheim"},
		`password="a""geheim"`:                                      {"geheim"},
		`password="""a"geheim"""`:                                   {"geheim"},
		"password='''a\ngeheim'''":                                  {"geheim"},
		`Cookie: a="b"; c="geheim"`:                                 {"geheim"},
		`curl -H 'Cookie: a="b"; c="geheim"' https://x.example.com`: {"geheim"},
		`Authorization: Digest username=\"a\", response=\"geheim\"`: {"geheim"},
		`curl -u "ann:a geheim" https://x.example.com`:              {"geheim"},
		"curl -uann:geheim https://x.example.com":                   {"geheim"},
		"curl --user 'ann:a geheim'":                                {"geheim"},
		"IDENTIFIED BY VALUES 'geheim'":                             {"geheim"},
		"identified by password 'geheim'":                           {"geheim"},
		"IDENTIFIED WITH p AS 'a geheim'":                           {"geheim"},
		"SET PASSWORD = PASSWORD('geheim')":                         {"geheim"},
		`password("geheim")`:                                        {"geheim"},
		"mysql -u root -pgeheim db":                                 {"geheim"},
		"sshpass -p 'a geheim' ssh x":                               {"geheim"},
		"redis-cli -h db -a geheim":                                 {"geheim"},
		`["password"]=> string(6) "geheim"`:                         {"geheim"},
		"[\"password\"]=>\n  string(6) \"geheim\"":                  {"geheim"},
		`s:8:"password";s:6:"geheim";`:                              {"geheim"},
		`Password: (string) (len=6) "a geheim"`:                     {"geheim"},
		`Password: Some("a geheim")`:                                {"geheim"},
		`'password': b'a geheim'`:                                   {"geheim"},
		":password=>\"a geheim\"":                                   {"geheim"},
		"map[password:geheim user:ann]":                             {"geheim"},
	} {
		holdsBack(t, in, leaks)
	}
}

func holdsBack(t *testing.T, in string, leaks []string) {
	t.Helper()
	for _, in := range []string{in, "refused: " + in, in + "\nafter", in + ", try again"} {
		got := Text(in)
		for _, leak := range leaks {
			if strings.Contains(got, leak) {
				t.Errorf("Text(%q)\n = %q, which shows %q", in, got, leak)
			}
		}
		if again := Text(got); again != got {
			t.Errorf("Text(%q)\n = %q, and again\n   %q", in, got, again)
		}
	}
}

// TestPasswordFlags checks that each flag of a command that gives a password is found: the
// first, the last, behind a space or not.
func TestPasswordFlags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mysql -pgeheim -h db.example.com -P 3306":           "mysql -p[redacted] -h db.example.com -P 3306",
		"mysql -h db.example.com -P 3306 -pgeheim":           "mysql -h db.example.com -P 3306 -p[redacted]",
		"mysqldump -pgeheim -p":                              "mysqldump -p[redacted] -p",
		"mysql -pgeheim\nERROR 1045 at -p":                   "mysql -p[redacted]\nERROR 1045 at -p",
		"mysql -p\nERROR 1045":                               "mysql -p\nERROR 1045",
		"mysql -p -h db.example.com -pgeheim":                "mysql -p -h db.example.com -p[redacted]",
		"docker login -u ann && ldapsearch -p 389 -w geheim": "docker login -u ann && ldapsearch -p 389 -w [redacted]",
		"mysql -p --host=db.example.com":                     "mysql -p --host=db.example.com",
		"mysql -p12345678 db":                                "mysql -p[redacted] db",
		"mysql -p'a;b c' db":                                 "mysql -p'[redacted]' db",
		"redis-cli -a geheim -p 6379":                        "redis-cli -a [redacted] -p 6379",
		"redis-cli -p 6379 -a geheim":                        "redis-cli -p 6379 -a [redacted]",
		"sshpass -p geheim mysql -pother | tail -p 5":        "sshpass -p [redacted] mysql -p[redacted] | tail -p 5",
		"ldapsearch -x -w geheim -D cn=ann":                  "ldapsearch -x -w [redacted] -D cn=ann",
		"docker login -u ann -p geheim registry.example.com": "docker login -u ann -p [redacted] registry.example.com",
		"curl -u ann:x -u bob:y":                             "curl -u [redacted] -u [redacted]",
		"mkdir -p a/b":                                       "mkdir -p a/b",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

// TestBesideValues holds that what stands beside a credential stays.
func TestBesideValues(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"password":"x","user":"ann"}`:                           `{"password":"[redacted]","user":"ann"}`,
		`{"password":["a]","b"],"user":"ann"}`:                    `{"password":[redacted],"user":"ann"}`,
		`{\"password\":\"x\",\"user\":\"ann\"}`:                   `{\"password\":\"[redacted]\",\"user\":\"ann\"}`,
		"<a><password>x<y/></password><user>ann</user></a>":       "<a><password>[redacted]</password><user>ann</user></a>",
		"password:\n  - x\n\n  - y\nuser: ann":                    "password:\n  [redacted]\nuser: ann",
		"password: |\n  x\n\n  y\nuser: ann":                      "password: [redacted]\nuser: ann",
		"password:\nuser: ann":                                    "password:\nuser: ann",
		"password=x,user=ann":                                     "password=[redacted],user=ann",
		"password: x, then it failed":                             "password: [redacted], then it failed",
		`{"name":"DB_PASSWORD","value":"x","n":1}`:                `{"name":"DB_PASSWORD","value":"[redacted]","n":1}`,
		`[{"name":"TOKEN","value":"x"},{"name":"A","value":"b"}]`: `[{"name":"TOKEN","value":"[redacted]"},{"name":"A","value":"b"}]`,
		"- name: TOKEN\n  value: x\n- name: A\n  value: b":        "- name: TOKEN\n  value: [redacted]\n- name: A\n  value: b",
		`-H "Authorization: token x" https://a.example.com`:       `-H "Authorization: [redacted]" https://a.example.com`,
		`{"Authorization":"Bearer x","n":1}`:                      `{"Authorization":"[redacted]","n":1}`,
		"header map[Cookie:[a=b] Host:[x]]":                       "header map[Cookie:[redacted] Host:[x]]",
		"curl -u ann:x https://a.example.com":                     "curl -u [redacted] https://a.example.com",
		"password: the geheim. It was refused":                    "password: the [redacted]. It was refused",
		"get https://u:pw@example.com/x":                          "get https://[redacted]@example.com/x",
		"get https://host:p/w@example.com/x":                      "get https://[redacted]@example.com/x",
		"get https://u:pw@10.0.0.1/x failed":                      "get [address] failed",
		"u:pw@tcp(db.example.com:3306)/x":                         "[address]/x",
		"u:pw@(db.example.com:3306)/x":                            "[address]/x",
		"u:pw@db.example.com/x":                                   "[redacted]@db.example.com/x",
		"<entry><key>password</key><value>x</value></entry>":      "<entry><key>password</key><value>[redacted]</value></entry>",
		"<token>x": "<token>[redacted]",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}
