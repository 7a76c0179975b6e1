package redact

import (
	"regexp"
	"strings"
)

var (
	// A goroutine's stack goes to the end of the text.
	goStack = regexp.MustCompile(`(?s)(^|\n+)goroutine \d+ \[.*`)

	// A frame is a line of a stack trace, and what announces one.
	frame = regexp.MustCompile(`^(?:` + strings.Join([]string{
		`\s+at\s.*`,                              // Java, JavaScript, .NET, Rust
		`\s*\.\.\. \d+ (?:more|common frames).*`, // Java
		`\s*Traceback \(most recent call last\):`,
		`\s*File ".*", line \d+.*`,                        // Python
		`\s*(?:from )?\S+\.rb:\d+:in .*`,                  // Ruby
		`\s*#\d+ .*(?:\(\d+\)|\.php|\{main\}).*`,          // PHP
		`\s*\[?[Ss]tack[ _]?[Tt]race\]?:.*`,               // PHP and others
		`\s*stack backtrace:.*`,                           // Rust
		`\s*\d+: +(?:0x[0-9a-f]+ - )?[\w:<>$]+::.*`,       // Rust
		`\s+\S+\.(?:go|rs|py|js|ts|java|cs|php|rb):\d+.*`, // Go and others
		`\s*--- End of .*stack trace.*---.*`,              // .NET
		`\s*\[signal SIG.*`,                               // Go
	}, "|") + `)$`)

	// JSON and logs have stack traces on one line.
	inlineFrame = regexp.MustCompile(`(?:\\r)?\\n(?:\\t|\s)*(?:at |File \\?").*?(?:\\n|"|$)`)
	pythonCode  = regexp.MustCompile(`^\s{4,}\S`)
)

// withoutStack drops the stack traces of the languages that workers are written in.
func withoutStack(s string) string {
	s = goStack.ReplaceAllString(s, "")
	for inlineFrame.MatchString(s) {
		s = inlineFrame.ReplaceAllStringFunc(s, func(frame string) string {
			if strings.HasSuffix(frame, `\n`) {
				return `\n` // which begins the next frame
			}
			if strings.HasSuffix(frame, `"`) {
				return `"`
			}
			return ""
		})
	}
	if !strings.Contains(s, "\n") {
		return s
	}
	var kept []string
	dropped := false
	for line := range strings.SplitSeq(s, "\n") {
		bare := strings.TrimSuffix(line, "\r")
		if frame.MatchString(bare) || dropped && pythonCode.MatchString(bare) {
			dropped = true
			continue
		}
		dropped = false
		kept = append(kept, line)
	}
	return strings.TrimRight(strings.Join(kept, "\n"), "\r\n")
}
