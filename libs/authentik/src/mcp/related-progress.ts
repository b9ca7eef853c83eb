import type { ServerContext } from '@modelcontextprotocol/server';
import type { McpContext } from '@rekog/mcp-nest';

/**
 * Sends progress in a session on the answer of the call that it belongs to. mcp-nest sends it on the stream for
 * notifications, where it is lost while no such stream is open, and may come to a client that has given the call up.
 * @param sdkContext what the SDK knows of the message
 */
export function relateProgress(context: McpContext, sdkContext: ServerContext | undefined): McpContext {
  const { era, stateless } = context.getSession();
  if (era === 'modern' || stateless || sdkContext === undefined) return context;
  const progressToken = sdkContext.mcpReq._meta?.progressToken;
  const reportProgress: McpContext['reportProgress'] = async (progress) => {
    if (progressToken === undefined) return;
    await sdkContext.mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
  };
  return Object.assign(context, { reportProgress });
}
