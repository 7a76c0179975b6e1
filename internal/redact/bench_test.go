package redact

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkText shows that the cost grows with what is looked at, and no further.
func BenchmarkText(b *testing.B) {
	for _, size := range []int{1 << 10, 16 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			text := strings.Repeat("a:b@c password=x http://h/ 1.2.3.4 ", size/34)
			for b.Loop() {
				Text(text)
			}
		})
	}
}
