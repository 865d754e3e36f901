export { Agent, type AgentOrder } from './agent.ts'
export { dueTasks, keyOf, schedulePolicy, type Journal, type Past, type SchedulePolicy, type Task } from './schedule.ts'
