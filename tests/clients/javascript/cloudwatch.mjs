// Metrics through the AWS SDK for JavaScript, in the protocol that the first argument names: prints what it was told.
import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { AwsJson1_0Protocol, AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";

const PROTOCOLS = { json: AwsJson1_0Protocol, cbor: AwsSmithyRpcV2CborProtocol, query: AwsQueryProtocol };
const [name, input] = [process.argv[2], JSON.parse(process.argv[3])];
const client = new CloudWatchClient({ protocol: PROTOCOLS[name], endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });

const sent = new Set(); // what the requests said that their bodies are
client.middlewareStack.add(
  (next) => async (args) => {
    sent.add(args.request.headers["content-type"] ?? "");
    return next(args);
  },
  { step: "finalizeRequest", name: "witness", priority: "low" },
);

async function refused(command) {
  try {
    await client.send(command);
    return null;
  } catch (error) {
    return { name: error.Code ?? error.name, status: error.$metadata?.httpStatusCode, said: error.message };
  }
}

const at = new Date(input.at * 1000);
await client.send(
  new PutMetricDataCommand({
    Namespace: input.namespace,
    MetricData: input.values.map((value) => ({
      MetricName: "Depth",
      Dimensions: [{ Name: "Sdk", Value: "javascript" }],
      Timestamp: at,
      Value: value,
      Unit: "Count",
    })),
  }),
);
const metrics = await client.send(new ListMetricsCommand({ Namespace: input.namespace }));
const data = await client.send(
  new GetMetricDataCommand({
    StartTime: new Date((input.at - 300) * 1000),
    EndTime: new Date((input.at + 300) * 1000),
    MetricDataQueries: [
      {
        Id: "depth",
        MetricStat: {
          Metric: { Namespace: input.namespace, MetricName: "Depth", Dimensions: [{ Name: "Sdk", Value: "javascript" }] },
          Period: 60,
          Stat: "Sum",
        },
      },
    ],
  }),
);
const wrong = await refused(new PutMetricDataCommand({ Namespace: "AWS/ECR", MetricData: [{ MetricName: "x", Value: 1 }] }));
const unserved = await refused(new PutMetricDataCommand({ Namespace: ":", MetricData: [{ MetricName: "x", Value: 1 }] }));
const [result] = data.MetricDataResults;
console.log(
  JSON.stringify({
    sent: [...sent],
    metrics: metrics.Metrics.map((metric) => metric.MetricName),
    values: result.Values,
    times: result.Timestamps.map((moment) => moment.getTime() / 1000),
    refused: [wrong, unserved],
  }),
);
