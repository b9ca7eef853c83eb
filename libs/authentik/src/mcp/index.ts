// The names we promise for MCP servers; needs the optional peers @rekog/mcp-nest, @modelcontextprotocol/*,
// @nestjs/microservices and express.
export { connectMcp, type McpOptions } from './connect-mcp.js';
export { currentUser } from './current-user.js';
export type {
  CapabilityRule,
  McpCapabilities,
  PromptDefinition,
  ResourceDefinition,
  ToolDefinition,
} from './run-time-capabilities.js';
export type { McpSessionOptions } from './sessions.js';
