package main

// For the scenarios resources-list, resources-read-text, resources-read-binary,
// resources-templates-read, resources-subscribe, resources-unsubscribe,
// sep-2164-resource-not-found and caching.

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// watchedResource is the one resource that can be subscribed to.
const watchedResource = "test://watched-resource"

func addResources(server *mcp.Server) {
	addResource(server, &mcp.Resource{
		URI: "test://static-text", Name: "static-text", Description: "A text.", MIMEType: "text/plain",
	}, mcp.ResourceContents{Text: "This is the content of the static text resource."})
	addResource(server, &mcp.Resource{
		URI: "test://static-binary", Name: "static-binary", Description: "An image.", MIMEType: "image/png",
	}, mcp.ResourceContents{Blob: redPixel})
	addResource(server, &mcp.Resource{
		URI: watchedResource, Name: "watched-resource", Description: "A text that can be subscribed to.", MIMEType: "text/plain",
	}, mcp.ResourceContents{Text: "This is the content of the watched resource."})
	server.AddResourceTemplate(&mcp.ResourceTemplate{
		URITemplate: "test://template/{id}/data", Name: "template", Description: "Data of an ID.", MIMEType: "application/json",
	}, readTemplate)
}

// addResource adds a resource that is always the same.
func addResource(server *mcp.Server, resource *mcp.Resource, contents mcp.ResourceContents) {
	contents.URI, contents.MIMEType = resource.URI, resource.MIMEType
	server.AddResource(resource, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{&contents}}, nil
	})
}

func readTemplate(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	id := strings.TrimSuffix(strings.TrimPrefix(req.Params.URI, "test://template/"), "/data")
	data, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})
	if err != nil {
		return nil, err
	}
	contents := &mcp.ResourceContents{URI: req.Params.URI, MIMEType: "application/json", Text: string(data)}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{contents}}, nil
}

func subscribe(_ context.Context, req *mcp.SubscribeRequest) error {
	return mustBeWatched(req.Params.URI)
}

func unsubscribe(_ context.Context, req *mcp.UnsubscribeRequest) error {
	return mustBeWatched(req.Params.URI)
}

func mustBeWatched(uri string) error {
	if uri != watchedResource {
		return mcp.ResourceNotFoundError(uri)
	}
	return nil
}
