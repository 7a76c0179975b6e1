package token

import (
	"strings"
	"testing"
)

func sample() Token {
	return Token{Tool: "get_forecast", WorkflowID: "forecast-47.6--122.3", FirstRunID: "019b2c9e-7f3a-7cc1-9a35-0c6f1f3b9d10"}
}

func text(t *testing.T, h Token, salt string, secret []byte) string {
	t.Helper()
	s, err := h.Text(salt, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	salt := NewSalt()
	for _, change := range []func(*Token){
		func(*Token) {},
		func(h *Token) { h.Tool = strings.Repeat("t", 128) },
		func(h *Token) { h.WorkflowID = strings.Repeat("%/~", 300) },
		func(h *Token) { h.WorkflowID = "x" },
		func(h *Token) { h.Round = "approval-0123456789abcdef" },
	} {
		h := sample()
		change(&h)
		got, err := Parse(text(t, h, salt, nil))
		if err != nil {
			t.Fatal(err)
		}
		if got.Tool != h.Tool || got.WorkflowID != h.WorkflowID || got.FirstRunID != h.FirstRunID || got.Round != h.Round {
			t.Errorf("Parse = %+v, want %+v", got, h)
		}
		if !got.By(salt, nil) {
			t.Errorf("%+v is not confirmed by its own salt", got)
		}
	}
}

func TestOnlyItsOwnSaltAndSecretConfirmAHandle(t *testing.T) {
	t.Parallel()
	salt := NewSalt()
	h, err := Parse(text(t, sample(), salt, []byte("secret")))
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{
		"another salt":   h.By(NewSalt(), []byte("secret")),
		"no salt":        h.By("", []byte("secret")),
		"another secret": h.By(salt, []byte("Secret")),
		"no secret":      h.By(salt, nil),
		"a zero token":   Token{}.By(salt, nil),
	} {
		if ok {
			t.Errorf("confirmed by %s", name)
		}
	}
}

// Every other spelling of a token, and every token with a byte changed, is
// another token or none.
func TestNoOtherTextIsConfirmed(t *testing.T) {
	t.Parallel()
	salt := NewSalt()
	good := text(t, sample(), salt, nil)
	for i := range good {
		for _, c := range "Aa0-_=! " {
			if byte(c) == good[i] {
				continue
			}
			bad := good[:i] + string(c) + good[i+1:]
			if h, err := Parse(bad); err == nil && h.By(salt, nil) {
				t.Fatalf("%q is confirmed", bad)
			}
		}
	}
	for _, bad := range []string{"", "x", good + "A", good + "=", good[:len(good)-1], good[1:], strings.Repeat("A", MaxLength+1)} {
		if h, err := Parse(bad); err == nil && h.By(salt, nil) {
			t.Errorf("%q is confirmed", bad)
		}
	}
}

func TestWhatHasNoHandle(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Token){
		func(h *Token) { h.Tool = "" },
		func(h *Token) { h.Tool = strings.Repeat("t", 256) },
		func(h *Token) { h.WorkflowID = "" },
		func(h *Token) { h.WorkflowID = "caf\u00e9" },
		func(h *Token) { h.Round = strings.Repeat("r", 256) },
		func(h *Token) { h.FirstRunID = "run" },
	} {
		h := sample()
		change(&h)
		if s, err := h.Text(NewSalt(), nil); err == nil {
			t.Errorf("%+v has the token %q", h, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	salt := NewSalt()
	good, _ := sample().Text(salt, nil)
	for _, seed := range []string{"", "AAAA", good, good[:30], good[:30] + "\n" + good[30:], good + good, strings.Repeat("_", 100), strings.Repeat("A", 60)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := Parse(s)
		if err != nil {
			return
		}
		if h.By(salt, nil) && s != good {
			t.Fatalf("%q was confirmed", s)
		}
		// What was read is written in the same way, but for the code.
		again, err := h.Text(salt, nil)
		if err != nil || len(again) != len(s) {
			t.Fatalf("%q was read as %+v, and written as %q, %v", s, h, again, err)
		}
	})
}

func TestOnlyItsHolderIsConfirmed(t *testing.T) {
	t.Parallel()
	salt, made := NewSalt(), sample()
	made.Holder = "ann"
	h, err := Parse(text(t, made, salt, nil))
	if err != nil {
		t.Fatal(err)
	}
	for holder, want := range map[string]bool{"ann": true, "bob": false, "": false, "ann\x00": false} {
		h.Holder = holder
		if h.By(salt, nil) != want {
			t.Errorf("the token of ann, held by %q: confirmed %v", holder, !want)
		}
	}
	if strings.Contains(text(t, made, salt, nil), "ann") || len(text(t, made, salt, nil)) != len(text(t, sample(), salt, nil)) {
		t.Error("the text tells the holder")
	}
}
