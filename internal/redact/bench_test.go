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

// BenchmarkRepeated shows that no pattern makes the cost grow faster than the text: three
// sizes of each.
func BenchmarkRepeated(b *testing.B) {
	for _, unit := range []string{"password=a,", "password:[", `password:"`, "name:{value:", "<password>", "<token> ", `\`, `{"name":"token","value":{`, "password:\n ", "password \"", "a:b@", "token: the "} {
		for _, size := range []int{1 << 10, 4 << 10, 16 << 10} {
			b.Run(fmt.Sprintf("%q/%d", unit, size), func(b *testing.B) {
				text := strings.Repeat(unit, size/len(unit))
				for b.Loop() {
					Text(text)
				}
			})
		}
	}
}
