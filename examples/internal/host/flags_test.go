package host

import (
	"flag"
	"io"
	"testing"
)

func TestExistingTemporal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args        []string
		environment map[string]string
		want        string
	}{
		"nothing":             {},
		"flag":                {args: []string{"-temporal", "localhost:7233"}, want: "-temporal"},
		"flag, empty":         {args: []string{"-temporal", ""}},
		"flag first":          {args: []string{"-temporal", "a:1"}, environment: map[string]string{"TEMPORAL_ADDRESS": "b:1"}, want: "-temporal"},
		"address":             {environment: map[string]string{"TEMPORAL_ADDRESS": "a:1"}, want: "TEMPORAL_ADDRESS"},
		"profile":             {environment: map[string]string{"TEMPORAL_PROFILE": "prod"}, want: "TEMPORAL_PROFILE"},
		"file":                {environment: map[string]string{"TEMPORAL_CONFIG_FILE": "t.toml"}, want: "TEMPORAL_CONFIG_FILE"},
		"address, empty":      {environment: map[string]string{"TEMPORAL_ADDRESS": ""}},
		"key alone":           {environment: map[string]string{"TEMPORAL_API_KEY": "secret", "TEMPORAL_NAMESPACE": "n"}},
		"demo in environment": {args: []string{"-demo"}, environment: map[string]string{"TEMPORAL_ADDRESS": "a:1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := flag.NewFlagSet("test", flag.ContinueOnError)
			set.SetOutput(io.Discard)
			flags := NewFlags(set, "test")
			if err := set.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			got := flags.existingTemporal(func(name string) (string, bool) {
				value, ok := test.environment[name]
				return value, ok
			})
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
