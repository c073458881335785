/** How the API knows who calls: as the owner of agents, or as one of them. */
export const authentications = ['apiKey', 'agentSession'] as const;

export type Authentication = (typeof authentications)[number];
