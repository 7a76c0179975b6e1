package devserver

import (
	"net/netip"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName = "active"

	archivalDisabled = "disabled"

	// maxPollRPS is how often a second a task queue of the history service may be read. With the default of 20, each
	// of the few tasks of a small workflow waits up to 50 ms.
	maxPollRPS = 2000

	// maxMemo is how many bytes the memo of a workflow may have, as in Temporal Cloud. The default is 2 MB.
	maxMemo = 40 << 10
)

var services = []primitives.ServiceName{
	primitives.FrontendService,
	primitives.HistoryService,
	primitives.MatchingService,
	primitives.WorkerService,
}

// serviceAddrs are the addresses on which the services listen.
type serviceAddrs map[primitives.ServiceName]netip.AddrPort

// serverConfig returns the configuration of a server with the services at addrs and all data in db.
func serverConfig(addrs serviceAddrs, db *config.SQL) *config.Config {
	frontend := dialable(addrs[primitives.FrontendService])
	return &config.Config{
		Services:     serviceConfigs(addrs),
		PublicClient: config.PublicClient{HostPort: frontend},
		Persistence: config.Persistence{
			DefaultStore:     sqliteplugin.PluginName,
			VisibilityStore:  sqliteplugin.PluginName,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{sqliteplugin.PluginName: {SQL: db}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: archivalDisabled},
			Visibility: config.VisibilityArchival{State: archivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{
			Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: archivalDisabled},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: archivalDisabled},
			},
		},
	}
}

func serviceConfigs(addrs serviceAddrs) map[string]config.Service {
	configs := make(map[string]config.Service)
	for service, addr := range addrs {
		configs[string(service)] = config.Service{RPC: config.RPC{
			BindOnIP: addr.Addr().String(),
			GRPCPort: int(addr.Port()),
		}}
	}
	return configs
}

// dynamicConfig returns what differs from the server's defaults. Updates, update-with-start and the description of
// pollers are on by default.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// One of each, so that a task and the worker that waits for it always meet at once.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		dynamicconfig.TransferProcessorMaxPollRPS.Key():   maxPollRPS,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():      maxPollRPS,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(): maxPollRPS,

		dynamicconfig.EnableEagerWorkflowStart.Key(): true,

		dynamicconfig.MemoSizeLimitError.Key(): maxMemo,
		// Workflows of the server's own, which look for data that is left over.
		dynamicconfig.TaskQueueScannerEnabled.Key(): false,
		dynamicconfig.HistoryScannerEnabled.Key():   false,
		// It would ask a machine of Temporal's.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
}
