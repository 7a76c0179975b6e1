package main

// For the scenarios tools-list, tools-call-simple-text, tools-call-image,
// tools-call-audio, tools-call-embedded-resource, tools-call-mixed-content and
// tools-call-error.

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func addContentTools(server *mcp.Server) {
	addContentTool(server, "test_simple_text", "Returns a text.",
		&mcp.TextContent{Text: "This is a simple text response for testing."})
	addContentTool(server, "test_image_content", "Returns an image.",
		&mcp.ImageContent{Data: redPixel, MIMEType: "image/png"})
	addContentTool(server, "test_audio_content", "Returns a sound.",
		&mcp.AudioContent{Data: []byte(silence), MIMEType: "audio/wav"})
	addContentTool(server, "test_embedded_resource", "Returns an embedded resource.",
		embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."))
	addContentTool(server, "test_multiple_content_types", "Returns a text, an image and an embedded resource.",
		&mcp.TextContent{Text: "Multiple content types test:"},
		&mcp.ImageContent{Data: redPixel, MIMEType: "image/png"},
		embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`))
	addTool(server, "test_error_handling", "Always fails.",
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			failed := text("This tool intentionally returns an error for testing")
			failed.IsError = true
			return failed, nil
		})
}

// addContentTool adds a tool that always returns the same content.
func addContentTool(server *mcp.Server, name, description string, content ...mcp.Content) {
	addTool(server, name, description, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	})
}

// embedded returns an embedded resource with a text.
func embedded(uri, mimeType, text string) *mcp.EmbeddedResource {
	return &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: uri, MIMEType: mimeType, Text: text}}
}

// redPixel is a PNG image of one red pixel.
var redPixel = func() []byte {
	pixel := image.NewRGBA(image.Rect(0, 0, 1, 1))
	pixel.Set(0, 0, color.RGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, pixel); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return b.Bytes()
}()

// silence is a WAV file of two samples: 8 bits, 8 kHz, mono.
const silence = "RIFF\x26\x00\x00\x00WAVE" +
	"fmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00" +
	"data\x02\x00\x00\x00\x80\x80"
