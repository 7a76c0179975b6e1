package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain: 404 Not Found (v1.2.3.4)":         "plain: 404 Not Found (v1.2.3.4)",
		"at 12:30:00 the ratio was 1:2":           "at 12:30:00 the ratio was 1:2",
		"see https://api.weather.gov/points/1,2":  "see https://api.weather.gov/points/1,2",
		`Get "http://localhost:8080/x": EOF`:      `Get "[address]": EOF`,
		`Get "https://erp.corp.internal/x": EOF`:  `Get "[address]": EOF`,
		`Post "http://10.1.2.3/pay": EOF`:         `Post "[address]": EOF`,
		"dial tcp 93.184.216.34:443: refused":     "dial tcp [address]: refused",
		"dial tcp 127.0.0.1:7233: connect: no":    "dial tcp [address]: connect: no",
		"read tcp 10.0.0.1:1->10.0.0.2:2: reset":  "read tcp [address]: reset",
		"dial tcp: lookup db on 10.0.0.2:53: bad": "dial tcp: lookup [address]: bad",
		"host 192.168.1.7 and [::1]:80 and ::1":   "host [address] and [address] and [address]",
		"8.8.8.8 is public":                       "8.8.8.8 is public",
		"boom\n\ngoroutine 7 [running]:\nmain.go": "boom",
		"pay: activity error (type: Charge, scheduledEventID: 5, startedEventID: 6, identity: 42@host-1@): no money":  "pay: activity error (Charge): no money",
		"child workflow execution error (type: Pay, workflowID: w, runID: r, initiatedEventID: 5, startedEventID: 6)": "child workflow execution error (Pay)",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	got := Text(strings.Repeat("é", 10_000))
	if len(got) > MaxLength || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("Text cut to %d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

// A failure of a megabyte took half a second at each poll of its task.
func TestLongTextIsNotReadWhole(t *testing.T) {
	t.Parallel()
	internal := "http://10.1.2.3/" + strings.Repeat("a", MaxLength/2)
	text := strings.Repeat(internal+" ", 40)
	if got, want := Text(text), strings.Repeat(hidden+" ", maxRead/(len(internal)+1))+"…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	word := strings.Repeat("a", maxRead)
	if got, want := Text("no money: "+word), "no money: "+word[:MaxLength-len("no money: …")]+"…"; got != want {
		t.Errorf("of a long word, %d bytes are left", len(got))
	}
	if got := Text(strings.Repeat("é", 1<<20)); len(got) > MaxLength || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

func FuzzText(f *testing.F) {
	f.Add("dial tcp [fe80::1%eth0]:80 ...")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Text(s); len(got) > MaxLength || !utf8.ValidString(got) {
			t.Errorf("Text(%q) = %q", s, got)
		}
	})
}
